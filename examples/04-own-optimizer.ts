/**
 * Writes an optimizer that Cameo does not have, and uses it like the others: in a chain, with a schedule.
 *
 *     npx node --conditions=cameo-source examples/04-own-optimizer.ts
 */

import assert from "node:assert/strict";
import type { Value } from "cameo/graph";
import { meanSquaredError, mlp } from "cameo/nn";
import { chain, clipByGlobalNorm, cosineDecay, type Schedule, type Transform } from "cameo/optim";
import { type Dataset, type Model, train } from "cameo/train";

/**
 * Lion: the sign of a momentum. Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023, Algorithm 2.
 *
 *     u ← −learningRate · ( sign(beta1·m + (1 − beta1)·g) + weightDecay·p )
 *     m ← beta2·m + (1 − beta2)·g
 */
function lion(options: { learningRate: Schedule; beta1?: number; beta2?: number; weightDecay?: number }): Transform {
  const { learningRate, beta1 = 0.9, beta2 = 0.99, weightDecay = 0 } = options;
  return {
    name: "lion",
    slots: { m: { fill: 0 } }, // one tensor beside each parameter, zero before the first step
    elementwise: true, // element i of the result needs element i of the inputs only: many parameters are updated at once
    scalars: (step) => ({ negativeRate: -learningRate(step) }), // computed on the host, in double
    update: ({ g, gradient, parameter, state, scalars }) => {
      const times = (value: Value, factor: number): Value => g.op("Mul", [value, g.scalar(factor)]);
      const blend = (share: number): Value => g.op("Add", [times(state.m as Value, share), times(gradient, 1 - share)]);
      const direction = g.op("Add", [g.op("Sign", [blend(beta1)]), times(parameter, weightDecay)]);
      return { update: g.op("Mul", [direction, scalars.negativeRate as Value]), state: { m: blend(beta2) } };
    },
  };
}

// Something to optimize: a network that learns the sine.
const network = mlp({ inputs: 1, hidden: 32, outputs: 1, activation: "tanh" });
const model: Model = {
  name: "sine",
  config: {},
  parameters: network.parameters,
  inputs: (batchSize) => ({
    x: { dtype: "float32", shape: [batchSize, 1] },
    y: { dtype: "float32", shape: [batchSize, 1] },
  }),
  tokens: (batchSize) => batchSize,
  loss: (scope, { x, y }) => meanSquaredError(scope.g, network.apply(scope, x as Value), y as Value),
};
const grid = (batchSize: number) => {
  const x = Float32Array.from({ length: batchSize }, (_, i) => Math.PI * ((2 * i) / (batchSize - 1) - 1));
  return { x, y: x.map(Math.sin) };
};
const data: Dataset = { fingerprint: "sine", batch: (_, batchSize) => grid(batchSize), evaluation: () => null };

const steps = 500;
const learningRate = cosineDecay({ initial: 0.01, steps });
const run = train({
  model,
  data,
  optimizer: chain(clipByGlobalNorm(1), lion({ learningRate, weightDecay: 0.001 })),
  learningRate, // so that events can say it
  batchSize: 64,
  steps,
});
for await (const event of run)
  if (event.type === "step" && event.step % 100 === 0)
    console.log(
      `step ${event.step}: rate ${event.learningRate.toExponential(1)}, loss ${event.loss.toFixed(6)}, ` +
        `gradient norm ${event.gradientNorm?.toFixed(4)}`,
    );
const { loss } = await run.result;
assert(loss < 1e-3);

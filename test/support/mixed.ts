/** Mixed precision in tests: gradients of models, and training by whole-step graphs, in arithmetic that rounds to float16. */

import { RandomStream } from "../../src/base/random.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { flattenParameters } from "../../src/nn/layer.ts";
import type { Transform } from "../../src/optim/transform.ts";
import { optimize } from "../../src/passes/optimize.ts";
import { compile, evaluate } from "../../src/runtime/evaluate.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { numbersOf, scalar, type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { createLossScale, type LossScaleOptions } from "../../src/train/loss-scale.ts";
import type { Batch, Model } from "../../src/train/model.ts";
import { checkOutput, type Precision, scaleInput } from "../../src/train/scaled-loss.ts";
import { gradientGraph } from "../../src/train/step-graph.ts";
import { wholeStepGraph } from "../../src/train/whole-step.ts";
import { emulateHalf } from "./emulate-half.ts";

type Tensors = Readonly<Record<string, Tensor>>;

/** The parameters with which a model starts. */
export function initialParameters(model: Model, seed = 1): Record<string, Tensor> {
  const stream = new RandomStream(seed, "parameters");
  return Object.fromEntries(
    [...flattenParameters(model.parameters)].map(([path, { shape, initialize }]) => {
      const data = new Float32Array(sizeOf(shape));
      initialize(shape, data, stream.child(path));
      return [path, tensor("float32", shape, data)];
    }),
  );
}

/** A batch as tensors. */
export function feedsOf(model: Model, batchSize: number, batch: Batch): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(model.inputs(batchSize)).map(([name, { dtype, shape }]) => [
      name,
      { dtype, shape, data: batch[name] as Float32Array },
    ]),
  );
}

/** As the CPU runs it, with float16 made of float32. */
function runnable(graph: Graph, precision: Precision): Graph {
  return optimize(precision === "mixed" ? emulateHalf(graph) : graph, "cpu");
}

/** Loss and gradients of one batch. */
export async function gradientsOf(
  model: Model,
  batchSize: number,
  feeds: Tensors,
  precision: Precision,
  scale = 65536,
): Promise<Record<string, Tensor>> {
  const graph = runnable(gradientGraph(model, batchSize, false, precision), precision);
  return await evaluate(graph, withScale(feeds, scale));
}

function withScale(feeds: Tensors, scale: number): Tensors {
  return { ...feeds, [scaleInput]: scalar("float32", scale) };
}

/** ‖a − b‖ / ‖b‖ over everything that `names` says; 0 where both are 0. */
export function distance(a: Tensors, b: Tensors, names: readonly string[]): number {
  let [difference, size] = [0, 0];
  for (const name of names) {
    const [x, y] = [numbersOf(a[name] as Tensor), numbersOf(b[name] as Tensor)];
    for (const [i, value] of y.entries()) {
      difference += ((x[i] as number) - value) ** 2;
      size += value ** 2;
    }
  }
  return difference === 0 ? 0 : Math.sqrt(difference / size);
}

/** What {@link trainMixed} reports of a step. */
export interface MixedStep {
  readonly loss: number;
  readonly taken: boolean;
  readonly scale: number;
}

/** Options of {@link trainMixed}. */
export interface TrainMixedOptions {
  readonly model: Model;
  readonly optimizer: Transform;
  readonly batchSize: number;
  readonly batches: readonly Batch[];
  readonly precision?: Precision;
  readonly lossScale?: LossScaleOptions;
}

/** Trains as a step program does over state that ping-pongs: what a step gives is taken, or dropped where a gradient is not finite. */
export async function trainMixed({
  model,
  optimizer,
  batchSize,
  batches,
  precision = "mixed",
  lossScale: options,
}: TrainMixedOptions): Promise<{ steps: MixedStep[]; state: Record<string, Tensor> }> {
  const whole = wholeStepGraph(model, optimizer, batchSize, { precision });
  await using compiled = await compile(runnable(whole.graph, precision));
  const given = new Set(whole.graph.outputs.map(({ name }) => name));
  const lossScale = createLossScale(options);
  const initial = initialParameters(model);
  const filled = (shape: Shape, fill: number) => tensor("float32", shape, new Float32Array(sizeOf(shape)).fill(fill));
  let state = Object.fromEntries(
    whole.state.map(({ name, shape, fill }) => [name, fill === null ? (initial[name] as Tensor) : filled(shape, fill)]),
  );
  const steps: MixedStep[] = [];
  for (const [step, batch] of batches.entries()) {
    const scalars = Object.entries(whole.scalars(step - lossScale.skipped)).map(([name, value]) => [
      name,
      scalar("float32", value),
    ]);
    const feeds = { ...state, ...Object.fromEntries(scalars), ...feedsOf(model, batchSize, batch) };
    const { scale } = lossScale;
    const results = await compiled.run(withScale(feeds, scale));
    const taken = precision === "float32" || Number.isFinite(results[checkOutput]?.data[0]);
    if (precision === "mixed") lossScale.observe(taken);
    if (taken)
      state = Object.fromEntries(
        Object.entries(state).map(([name, old]) => [
          name,
          given.has(`next/${name}`) ? (results[`next/${name}`] as Tensor) : old,
        ]),
      );
    steps.push({ loss: Number(results.loss?.data[0]), taken, scale });
  }
  return { steps, state };
}

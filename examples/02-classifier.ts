/**
 * Defines a classifier and its data by hand, trains it, exports it, and runs the file with ONNX Runtime's own package.
 *
 *     npx node --conditions=cameo-source examples/02-classifier.ts
 */

import assert from "node:assert/strict";
import { RandomStream } from "cameo";
import { type Value, writeOnnx } from "cameo/graph";
import { crossEntropy, linear, relu, rootScope, sequential } from "cameo/nn";
import { createBuilder } from "cameo/ops";
import { adamw, warmupCosine } from "cameo/optim";
import { sizeOf, type Tensor, tensor } from "cameo/tensor";
import { type Dataset, type Model, train } from "cameo/train";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";

/** Two half circles that reach into each other, with noise: no straight line parts them. */
function moons(stream: RandomStream, first: number, count: number): { points: Float32Array; labels: Int32Array } {
  const [points, labels] = [new Float32Array(2 * count), new Int32Array(count)];
  for (let i = 0; i < count; i++) {
    // Every number is a function of the sample's own index, so any batch can be made again at any time.
    const at = 4 * (first + i);
    const angle = Math.PI * stream.uniform(at);
    const upper = stream.uniform(at + 1) < 0.5;
    labels[i] = upper ? 0 : 1;
    points[2 * i] = (upper ? Math.cos(angle) : 1 - Math.cos(angle)) + 0.1 * stream.normal(at + 2);
    points[2 * i + 1] = (upper ? Math.sin(angle) : 0.5 - Math.sin(angle)) + 0.1 * stream.normal(at + 3);
  }
  return { points, labels };
}

const network = sequential([
  linear({ inputs: 2, outputs: 32 }),
  relu(),
  linear({ inputs: 32, outputs: 32 }),
  relu(),
  linear({ inputs: 32, outputs: 2 }),
]);

const model: Model = {
  name: "moons",
  config: {},
  parameters: network.parameters,
  inputs: (batchSize) => ({
    points: { dtype: "float32", shape: [batchSize, 2] },
    labels: { dtype: "int32", shape: [batchSize] },
  }),
  tokens: (batchSize) => batchSize,
  loss: (scope, { points, labels }) => crossEntropy(scope.g, network.apply(scope, points as Value), labels as Value),
};

const [fresh, held] = [new RandomStream(1, "training"), new RandomStream(1, "validation")];
const data: Dataset = {
  fingerprint: "moons-1",
  batch: (index, batchSize) => moons(fresh, index * batchSize, batchSize),
  evaluation: (_, index, batchSize) => (index < 4 ? moons(held, index * batchSize, batchSize) : null),
};

const weights = new Map<string, Tensor>();
const run = train({
  model,
  data,
  optimizer: adamw({ learningRate: warmupCosine({ peak: 0.01, warmup: 20, total: 400 }) }),
  batchSize: 64,
  steps: 400,
  seed: 7,
  evaluation: { every: 100 },
  onFinish: async ({ parameters }) => {
    for (const [path, { shape, view }] of parameters)
      weights.set(path, tensor("float32", shape, await view.buffer.read(view.offset, view.offset + sizeOf(shape))));
    return [];
  },
});
for await (const event of run)
  if (event.type === "evaluation") console.log(`step ${event.step}: validation loss ${event.valLoss.toFixed(4)}`);

// The same layers again, now over fixed weights: this graph predicts, for any number of points.
const g = createBuilder("moons");
const scope = rootScope(g, { training: false, values: (path) => g.constant(weights.get(path) as Tensor, path) });
g.output("logits", network.apply(scope, g.input("points", "float32", [1, 2])));
const file = writeOnnx(g.build(), { dynamicShapes: { points: ["count", 2], logits: ["count", 2] } });

// Nothing of Cameo from here on: the package `onnxruntime-node`, as anyone would use it.
const session = await InferenceSession.create(file);
const { points, labels } = moons(new RandomStream(2, "test"), 0, 1000);
const { logits } = await session.run({ points: new OrtTensor("float32", points, [1000, 2]) });
const scores = logits?.data as Float32Array;
const correct = labels.filter(
  (label, i) => Number((scores[2 * i + 1] as number) > (scores[2 * i] as number)) === label,
);
console.log(
  `accuracy on 1,000 new points: ${((100 * correct.length) / 1000).toFixed(1)} %, model of ${file.length} bytes`,
);
assert(correct.length > 950);

/**
 * Trains a small network on handwritten digits: MNIST is packed into shards, streamed, and augmented in worker threads.
 *
 *     npx node --conditions=cameo-source examples/06-mnist.ts [folder of MNIST's four IDX files] [epochs]
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { openSource } from "cameo/data/source";
import { streamDataset, writeShards } from "cameo/data/stream";
import { writeOnnx } from "cameo/graph";
import { batchNorm, conv2d, dropout, flatten, linear, maxPool2d, relu, rootScope, sequential } from "cameo/nn";
import { createBuilder } from "cameo/ops";
import { adamw, oneCycle } from "cameo/optim";
import { sizeOf, type Tensor, tensor } from "cameo/tensor";
import { train } from "cameo/train";
import { imageClassifier } from "cameo/vision";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";

const { argv, env } = process;
const folder = argv[2] ?? join(env.CAMEO_DATA ?? resolve(import.meta.dirname, "../../shared/data"), "mnist");
const epochs = Number(argv[3] ?? 4);
if (!existsSync(folder)) {
  console.log(`skipped: there is no folder "${folder}"; give one that holds MNIST's four IDX files`);
  process.exit();
}

// Packed once, with checksums; from here on nothing needs the original files.
const shards = resolve("runs/mnist-shards");
for (const split of ["train", "test"]) {
  await using digits = await openSource(folder, { split });
  await writeShards(digits, { format: "mds", folder: join(shards, split) });
}

// A digit stays what it is when it is turned a little, moved, scaled and slanted: one matrix, so pixels are resampled once.
const move = { x: [-2.5, 2.5], y: [-2.5, 2.5] };
const affine = { op: "Affine", rotate: [-12, 12], scale: [0.88, 1.12], shear: [-11, 11], translatePx: move };
const augment = { version: 1, steps: [affine] } as const;
await using data = await streamDataset({
  sources: [{ location: join(shards, "train") }],
  validation: [{ location: join(shards, "test") }],
  seed: 3,
  inputs: {
    images: { kind: "image", column: "image", channels: 1, augment },
    labels: { kind: "value", column: "label", dtype: "int32" },
  },
});

const conv = (inputs: number, outputs: number) =>
  sequential([conv2d({ inputs, outputs, kernel: 3, padding: "same" }), batchNorm(outputs), relu()]);
const half = maxPool2d({ kernel: 2 });
const features = sequential([conv(1, 32), conv(32, 32), half, conv(32, 64), conv(64, 64), half, flatten()]);
const classes = sequential([
  linear({ inputs: 64 * 7 * 7, outputs: 128 }),
  relu(),
  dropout(0.3),
  linear({ inputs: 128, outputs: 10 }),
]);
const network = sequential([features, classes]);

const batchSize = 100;
const steps = Math.max(1, Math.round((epochs * data.epochSize) / batchSize));
const weights = new Map<string, Tensor>();
const run = train({
  model: imageClassifier(network, { name: "digits", image: [1, 28, 28] }),
  data,
  optimizer: adamw({ learningRate: oneCycle({ peak: 3e-3, total: steps }), weightDecay: 0.01 }),
  batchSize,
  steps,
  seed: 1,
  onFinish: async ({ parameters }) => {
    for (const [path, { shape, view }] of parameters)
      weights.set(path, tensor("float32", shape, await view.buffer.read(view.offset, view.offset + sizeOf(shape))));
    return [];
  },
});
for await (const event of run)
  if (event.type === "step" && (event.step % 100 === 0 || event.step === steps))
    console.log(`step ${event.step} of ${steps}: loss ${event.loss.toFixed(4)}, order ${event.orderHash}`);

// Digits of the test set, never augmented, scored by the exported network on plain ONNX Runtime.
const [g, shape] = [createBuilder("digits"), [500, 1, 28, 28]];
const scope = rootScope(g, { training: false, values: (path) => g.constant(weights.get(path) as Tensor, path) });
g.output("scores", network.apply(scope, g.input("images", "float32", shape)));
const session = await InferenceSession.create(writeOnnx(g.build()));
let [correct, seen] = [0, 0];
for (let index = 0; ; index++) {
  const batch = await data.evaluation("validation", index, 500);
  if (batch === null) break;
  const { scores } = await session.run({ images: new OrtTensor("float32", batch.images as Float32Array, shape) });
  for (const [i, label] of (batch.labels as Int32Array).entries()) {
    const row = (scores as OrtTensor & { data: Float32Array }).data.subarray(10 * i, 10 * i + 10);
    if (row.indexOf(Math.max(...row)) === label) correct++;
    seen++;
  }
}
console.log(`accuracy on ${seen.toLocaleString("en")} digits never seen: ${((100 * correct) / seen).toFixed(2)} %`);
assert(epochs < 4 || correct >= 0.994 * seen);

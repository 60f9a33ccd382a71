/** Every layer against PyTorch: output, gradients of input and parameters, and replaced statistics. */

import { expect, test } from "vitest";
import { expectAllClose, expectClose, type Fixture, readFixtures, runLayer } from "../../test/support/run-layer.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Activation, activation, elu, leakyRelu, relu, softmax } from "./activations.ts";
import { attention } from "./attention.ts";
import { batchNorm } from "./batch-norm.ts";
import { conv1d, conv2d, convTranspose2d } from "./conv.ts";
import { embedding } from "./embedding.ts";
import { flatten } from "./flatten.ts";
import { groupNorm } from "./group-norm.ts";
import type { Layer } from "./layer.ts";
import { layerNorm } from "./layer-norm.ts";
import { linear } from "./linear.ts";
import { mlp } from "./mlp.ts";
import { averagePool2d, globalAveragePool, maxPool2d } from "./pool.ts";
import { residual } from "./residual.ts";
import { rmsNorm } from "./rms-norm.ts";
import { sequential } from "./sequential.ts";

/** The layer of each case of `fixtures/nn/layers.json`, but for activations, whose cases are named after them. */
const layers: Readonly<Record<string, Layer>> = {
  linear: linear({ inputs: 4, outputs: 5 }),
  "linear without bias": linear({ inputs: 4, outputs: 3, bias: false }),
  "linear of a vector": linear({ inputs: 4, outputs: 3 }),
  embedding: embedding({ count: 7, size: 3 }),
  layerNorm: layerNorm(6),
  "layerNorm, inference": layerNorm(6),
  "layerNorm without bias": layerNorm(6, { epsilon: 1e-3, bias: false }),
  rmsNorm: rmsNorm(6),
  "rmsNorm, inference": rmsNorm(6),
  groupNorm: groupNorm({ channels: 4, groups: 2 }),
  "groupNorm 1d": groupNorm({ channels: 4, groups: 4, epsilon: 1e-3 }),
  "batchNorm 1d": batchNorm(3),
  "batchNorm 1d, inference": batchNorm(3),
  "batchNorm 1d with length": batchNorm(3, { momentum: 0.3 }),
  "batchNorm 2d": batchNorm(3, { epsilon: 1e-3 }),
  "batchNorm 2d, inference": batchNorm(3, { epsilon: 1e-3 }),
  attention: attention({ width: 8, heads: 2 }),
  "attention, not causal, no bias": attention({ width: 8, heads: 4, causal: false, bias: false }),
  "attention grouped": attention({ width: 12, heads: 6, keyValueHeads: 2 }),
  "attention rotary": attention({ width: 8, heads: 2, rotaryBase: 10_000 }),
  "attention grouped rotary": attention({ width: 16, heads: 4, keyValueHeads: 1, rotaryBase: 100, bias: false }),
  "mlp gelu": mlp({ inputs: 4, hidden: 6, outputs: 3 }),
  "mlp relu": mlp({ inputs: 4, hidden: 6, activation: "relu" }),
  "mlp gated": mlp({ inputs: 4, hidden: 6, activation: "silu", gated: true, bias: false }),
  conv1d: conv1d({ inputs: 3, outputs: 4, kernel: 3, stride: 2, padding: 1 }),
  "conv1d dilated": conv1d({ inputs: 2, outputs: 3, kernel: 3, dilation: 2 }),
  conv2d: conv2d({ inputs: 3, outputs: 4, kernel: 3 }),
  "conv2d same": conv2d({ inputs: 2, outputs: 3, kernel: [4, 3], padding: "same" }),
  "conv2d strided": conv2d({
    inputs: 2,
    outputs: 4,
    kernel: [3, 2],
    stride: [2, 3],
    padding: [1, 0],
    dilation: [1, 2],
  }),
  "conv2d grouped": conv2d({ inputs: 4, outputs: 6, kernel: 3, padding: 1, groups: 2 }),
  "conv2d depthwise": conv2d({ inputs: 3, outputs: 3, kernel: 3, padding: 1, stride: 2, groups: 3, bias: false }),
  convTranspose2d: convTranspose2d({ inputs: 3, outputs: 4, kernel: 3 }),
  "convTranspose2d strided": convTranspose2d({
    inputs: 4,
    outputs: 2,
    kernel: 3,
    stride: 2,
    padding: 1,
    outputPadding: 1,
    groups: 2,
  }),
  maxPool2d: maxPool2d({ kernel: 2 }),
  "maxPool2d padded": maxPool2d({ kernel: 3, stride: 2, padding: 1 }),
  averagePool2d: averagePool2d({ kernel: 2 }),
  "averagePool2d padded": averagePool2d({ kernel: 3, stride: 2, padding: 1 }),
  "averagePool2d without padding": averagePool2d({
    kernel: [3, 2],
    stride: [2, 1],
    padding: [1, 0],
    countPadding: false,
  }),
  globalAveragePool: globalAveragePool(),
  flatten: flatten(),
  softmax: softmax(1),
  "leakyRelu 0.2": leakyRelu(0.2),
  "elu 0.5": elu(0.5),
  sequential: sequential([linear({ inputs: 3, outputs: 5 }), relu(), linear({ inputs: 5, outputs: 2, bias: false })]),
  residual: residual(linear({ inputs: 4, outputs: 4 })),
};

for (const [name, fixture] of readFixtures("layers"))
  test(`${name} agrees with PyTorch`, async () => {
    const layer = layers[name] ?? activation(name.replace("activation ", "") as Activation);
    await agrees(layer, fixture);
  });

async function agrees(layer: Layer, fixture: Fixture): Promise<void> {
  const { training, parameters, upstream } = fixture;
  const result = await runLayer({ layer, x: fixture.inputs.x as Tensor, parameters, training, upstream });
  expectClose("output", result.output, fixture.output);
  expectAllClose("gradient", result.gradients, fixture.gradients);
  expectAllClose("update", result.updates, fixture.updates);
}

test("every layer of the table has a fixture", () => {
  const names = [...readFixtures("layers").keys()];
  expect(Object.keys(layers).filter((name) => !names.includes(name))).toEqual([]);
});

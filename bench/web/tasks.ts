/** The training steps that are compared: models, initial weights and batches, the same for everyone. */

import { RandomStream } from "../../src/base/random.ts";
import { relu } from "../../src/nn/activations.ts";
import { flatten } from "../../src/nn/flatten.ts";
import { flattenParameters } from "../../src/nn/layer.ts";
import { linear } from "../../src/nn/linear.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { gpt } from "../../src/text/gpt.ts";
import type { Model } from "../../src/train/model.ts";
import { imageClassifier } from "../../src/vision/classifier.ts";
import { mnistCnn } from "../../src/vision/cnn.ts";

/** Adam, as PyTorch defines it. */
export const adamOptions = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

/** Seed of the initial weights. */
export const seed = 1;

/** Numbers with a shape. */
export interface HostArray<Data extends Float32Array | Int32Array = Float32Array> {
  readonly shape: Shape;
  readonly data: Data;
}

/** Which model. */
export type TaskName = "mlp" | "gpt" | "cnn";

/** One training step that everyone does. */
export interface WebTask {
  readonly name: TaskName;
  /** In a few words. */
  readonly description: string;
  readonly model: Model;
  readonly batchSize: number;
  /** Sizes of a GPT. */
  readonly layers: number;
  readonly heads: number;
  /** Images [batch, 1, 28, 28], or tokens [batch, context]. */
  readonly inputs: HostArray<Float32Array | Int32Array>;
  /** Classes [batch], or the next token of each [batch, context]. */
  readonly labels: HostArray<Int32Array>;
  /** How many there are to choose from. */
  readonly classes: number;
  /** Steps of one round. */
  readonly steps: number;
}

const stream = new RandomStream(7, "bench");

function images(name: TaskName, description: string, model: Model, batchSize: number, steps: number): WebTask {
  const shape = [batchSize, 1, 28, 28];
  return {
    name,
    description,
    model,
    batchSize,
    layers: 0,
    heads: 0,
    inputs: { shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => stream.normal(i)) },
    labels: { shape: [batchSize], data: Int32Array.from({ length: batchSize }, (_, i) => stream.integer(i, 10)) },
    classes: 10,
    steps,
  };
}

function mlpTask(): WebTask {
  const network = sequential({
    flatten: flatten(),
    dense1: linear({ inputs: 784, outputs: 256 }),
    relu1: relu(),
    dense2: linear({ inputs: 256, outputs: 256 }),
    relu2: relu(),
    dense3: linear({ inputs: 256, outputs: 10 }),
  });
  const model = imageClassifier(network, { name: "mlp", image: [1, 28, 28] });
  return images("mlp", "MLP 784-256-256-10, batch 64", model, 64, 20);
}

function cnnTask(): WebTask {
  const model = imageClassifier(mnistCnn({ classes: 10 }), { name: "cnn", image: [1, 28, 28] });
  return images("cnn", "CNN of 1.7 M (5×5×32, 5×5×64, 512), batch 32", model, 32, 1);
}

function gptTask(): WebTask {
  const [layers, heads, width, context, vocabulary, batchSize] = [4, 4, 128, 64, 65, 12];
  const shape = [batchSize, context];
  const tokens = (first: number) =>
    Int32Array.from({ length: sizeOf(shape) }, (_, i) => stream.integer(first + i, vocabulary));
  return {
    name: "gpt",
    description: "GPT of 0.8 M (nanoGPT's CPU recipe), 12×64 tokens",
    model: gpt({ layers, heads, width, context, vocabulary }),
    batchSize,
    layers,
    heads,
    inputs: { shape, data: tokens(0) },
    labels: { shape, data: tokens(10_000) },
    classes: vocabulary,
    steps: 3,
  };
}

const makers: Readonly<Record<TaskName, () => WebTask>> = { mlp: mlpTask, gpt: gptTask, cnn: cnnTask };

/** Names of the tasks, in the order of the table. */
export const taskNames = Object.keys(makers) as readonly TaskName[];

/** Makes a task; the same numbers each time. */
export function makeTask(name: TaskName): WebTask {
  return makers[name]();
}

/** Initial weights by path, those that `createStepProgram` begins with. */
export function initialWeights(model: Model): Map<string, HostArray> {
  const weights = new Map<string, HostArray>();
  for (const [path, { shape, initialize }] of flattenParameters(model.parameters)) {
    const data = new Float32Array(sizeOf(shape));
    initialize(shape, data, new RandomStream(seed, `init/${path}`));
    weights.set(path, { shape, data });
  }
  return weights;
}

/** One-hot rows [count, classes]. */
export function oneHot(labels: Int32Array, classes: number): Float32Array {
  const rows = new Float32Array(labels.length * classes);
  for (const [row, label] of labels.entries()) rows[row * classes + label] = 1;
  return rows;
}

/** Runs graphs on random inputs: what a pass makes of a graph must compute the same. */

import { expect } from "vitest";
import { RandomStream } from "../../src/base/random.ts";
import type { Graph, Value } from "../../src/graph/graph.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { expectClose } from "./run-layer.ts";

/** A tensor for a value: floats uniform in [-1, 1), integers in [0, 4), the same for the same name and seed. */
export function randomTensor({ name, dtype, shape }: Pick<Value, "name" | "dtype" | "shape">, seed = 0): Tensor {
  const stream = new RandomStream(seed, name);
  const isFloat = dtype === "float32" || dtype === "float64";
  const draw = (_: unknown, i: number) => (isFloat ? stream.uniform(i) * 2 - 1 : Math.floor(stream.uniform(i) * 4));
  return tensor(dtype, shape, Array.from({ length: sizeOf(shape) }, draw));
}

/** A tensor for every input of a graph, see {@link randomTensor}. */
export function randomFeeds(graph: Graph, seed = 0): Record<string, Tensor> {
  return Object.fromEntries(graph.inputs.map((input) => [input.name, randomTensor(input, seed)]));
}

/** Throws unless both graphs have the same inputs and outputs, and give the same on the same random inputs up to rounding. */
export async function expectSameResults(got: Graph, expected: Graph, rtol = 1e-5, atol = 1e-6): Promise<void> {
  const signature = ({ name, dtype, shape }: Value) => ({ name, dtype, shape });
  expect(got.inputs.map(signature), "inputs").toEqual(expected.inputs.map(signature));
  expect(
    got.outputs.map(({ name, value }) => ({ ...signature(value), name })),
    "outputs",
  ).toEqual(expected.outputs.map(({ name, value }) => ({ ...signature(value), name })));
  const feeds = randomFeeds(expected);
  const [first, second] = await Promise.all([evaluate(got, feeds), evaluate(expected, feeds)]);
  for (const { name } of expected.outputs) expectClose(name, first[name] as Tensor, second[name] as Tensor, rtol, atol);
}

/** Elements of a tensor as plain numbers. */
export function elements(value: Tensor | undefined): number[] {
  return Array.from((value as Tensor).data as ArrayLike<number | bigint>, Number);
}

/** The data of a float32 tensor that must be there. */
export function floats(value: Tensor | undefined): Float32Array {
  return (value as Tensor).data as Float32Array;
}

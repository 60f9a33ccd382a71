/** The same step gives the same bits, however the engine's threads share the work. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Value } from "../../src/graph/graph.ts";
import { writeOnnx } from "../../src/graph/onnx/export.ts";
import { relu } from "../../src/nn/activations.ts";
import { conv2d } from "../../src/nn/conv.ts";
import { embedding } from "../../src/nn/embedding.ts";
import { flatten } from "../../src/nn/flatten.ts";
import { linear } from "../../src/nn/linear.ts";
import { mlp } from "../../src/nn/mlp.ts";
import { maxPool2d } from "../../src/nn/pool.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { optimize } from "../../src/passes/optimize.ts";
import { createCpuRuntime } from "../../src/runtime/cpu.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { gpt } from "../../src/text/gpt.ts";
import type { Model } from "../../src/train/model.ts";
import { gradientGraph } from "../../src/train/step-graph.ts";
import { randomFeeds } from "../support/compare-graphs.ts";
import { classifier } from "../support/models.ts";

const runs = 30;

let runtime: Runtime;
beforeAll(async () => {
  // More threads than small machines have cores: they then take turns at odd moments, which shows races.
  runtime = await createCpuRuntime({ threads: 4 });
});
afterAll(() => runtime[Symbol.asyncDispose]());

/** Windows that overlap send several gradients to one pixel. */
const convNet = sequential([
  conv2d({ inputs: 1, outputs: 8, kernel: 3, padding: "same" }),
  relu(),
  maxPool2d({ kernel: 3, stride: 2 }),
  flatten(),
  linear({ inputs: 8 * 13 * 13, outputs: 4 }),
]);

/** The mean square of looked-up rows. The engine splits gradients of 8192 tokens over its threads. */
function lookup(count: number): Model {
  const table = embedding({ count, size: 64 });
  return {
    name: "lookup",
    config: {},
    parameters: table.parameters,
    inputs: (batchSize) => ({ tokens: { dtype: "int32", shape: [batchSize] } }),
    tokens: (batchSize) => batchSize,
    loss: (scope, { tokens }) => {
      const rows = table.apply(scope, tokens as Value);
      return scope.g.op("ReduceMean", [scope.g.op("Mul", [rows, rows])], { keepdims: 0 });
    },
  };
}

// Token ids and labels are drawn from the first four, so few rows of an embedding gather many gradients.
const rows: readonly [name: string, model: Model, batchSize: number][] = [
  ["a GPT", gpt({ layers: 1, heads: 4, width: 64, context: 64, vocabulary: 700, dropout: 0.1 }), 8],
  ["an embedding", lookup(96), 8192],
  // So many rows that their gradients are scattered and not multiplied out.
  ["an embedding of many tokens", lookup(2000), 8192],
  ["an MLP", classifier(mlp({ inputs: 256, hidden: 512, outputs: 4 }), [256]), 64],
  ["a conv net", classifier(convNet, [1, 28, 28]), 16],
];

test.each(rows)("gradients of %s are the same bits in every run", async (_, model, batchSize) => {
  const graph = optimize(gradientGraph(model, batchSize), runtime.target);
  await using program = await runtime.load(writeOnnx(graph), { name: graph.name });
  const feeds = randomFeeds(graph);
  const names = graph.outputs.map(({ name }) => name);
  const bytes = async (): Promise<Record<string, Buffer>> => {
    const results = await program.call(feeds, names);
    return Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => [name, Buffer.from((data as Float32Array).buffer)]),
    );
  };
  const first = await bytes();
  expect(first["loss"]?.readFloatLE()).toBeGreaterThan(0);
  for (let run = 1; run < runs; run++) {
    const again = await bytes();
    expect(names.filter((name) => !(first[name] as Buffer).equals(again[name] as Buffer))).toEqual([]);
  }
});

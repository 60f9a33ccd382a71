/** Holds a model's loss and gradients on a target against the CPU's. */

import { optimize } from "../../src/passes/optimize.ts";
import { sharedCpuRuntime } from "../../src/runtime/evaluate.ts";
import type { LoadOptions, Runtime } from "../../src/runtime/runtime.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import type { Model } from "../../src/train/model.ts";
import { gradientGraph } from "../../src/train/step-graph.ts";
import { deviceOnly, differenceOf, runOn } from "./parity.ts";
import { feedsOf } from "./zoo.ts";

/**
 * Differences of the outputs of a model's gradient graph by name, relative to the largest number of each, or to a tenth of the largest of
 * all: some gradients are 0 but for rounding. On WebGPU everything must be computed on the device.
 */
export async function gradientDifferences(
  model: Model,
  runtime: Runtime,
  batchSize = 4,
): Promise<ReadonlyMap<string, number>> {
  const graph = gradientGraph(model, batchSize);
  const feeds = feedsOf(model, graph);
  const on = (target: Runtime, options: LoadOptions = {}): Promise<Readonly<Record<string, Tensor>>> =>
    runOn(target, { graph: optimize(graph, target.target), feeds }, options);
  const got = await on(runtime, runtime.target === "webgpu" ? deviceOnly : {});
  const expected = await on(await sharedCpuRuntime());
  const largest = Math.max(...Object.values(expected).map(({ data }) => largestOf(data as Float32Array)));
  return new Map(
    graph.outputs.map(({ name }) => [name, differenceOf(got[name] as Tensor, expected[name] as Tensor, largest / 10)]),
  );
}

function largestOf(data: Float32Array): number {
  return data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
}

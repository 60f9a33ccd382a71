/** Operators on the browser's runtime. */

import { optimize } from "../../../src/passes/optimize.ts";
import { createWebRuntime } from "../../../src/runtime/web.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { caseSample } from "../../support/case-sample.ts";
import { graphOf, runOn } from "../../support/parity.ts";

/** The outputs of a row by name, or what the engine said when it refused. */
export type RowResult = Readonly<Record<string, Tensor>> | string;

/** Runs a sample of the case tables with gradients, lowered for the device. */
export async function runSample(device: "wasm" | "webgpu", count: number): Promise<readonly RowResult[]> {
  await using runtime = await createWebRuntime({ device, engineUrl: new URL("/engine/", location.href) });
  const results: RowResult[] = [];
  for (const row of caseSample(count)) {
    const { graph, feeds } = graphOf(row, true);
    try {
      results.push(await runOn(runtime, { graph: optimize(graph, device), feeds }));
    } catch (error) {
      results.push(String(error));
    }
  }
  return results;
}

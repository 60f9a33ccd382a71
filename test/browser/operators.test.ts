import { expect, test } from "vitest";
import { optimize } from "../../src/passes/optimize.ts";
import { createCpuRuntime } from "../../src/runtime/cpu.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { caseSample } from "../support/case-sample.ts";
import { differenceOf, graphOf, runOn } from "../support/parity.ts";
import { sharedBrowser } from "./shared-browser.ts";

type Operators = typeof import("./pages/operators.ts");

const browser = sharedBrowser();

test.each([
  ["wasm", 4, 2e-6],
  ["webgpu", 2, 1e-4],
] as const)("operators and their gradients on %s give what Node's CPU gives", async (device, count, tolerance) => {
  await using page = await (await browser()).open();
  const results = await page.module<Operators>("operators").runSample(device, count);
  await using runtime = await createCpuRuntime({ threads: 1 });
  const apart: string[] = [];
  for (const [i, row] of caseSample(count).entries()) {
    const { graph, feeds } = graphOf(row, true);
    const expected = await runOn(runtime, { graph: optimize(graph, "cpu"), feeds });
    const result = results[i] as (typeof results)[number];
    for (const [name, value] of Object.entries(expected)) {
      const difference = typeof result === "string" ? result : differenceOf(result[name] as Tensor, value);
      if (!(Number(difference) <= tolerance)) apart.push(`${row.op}, ${row.name}, ${name}: ${difference}`);
    }
  }
  expect(apart).toEqual([]);
});

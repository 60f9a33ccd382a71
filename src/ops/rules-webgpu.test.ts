/** What WebGPU is given instead of an operator computes the same: every row of the case tables, on the CPU, with its gradients. */

import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { addOutputs, buildCase } from "../../test/support/build-case.ts";
import type { OperatorCase } from "../../test/support/operator-case.ts";
import { differenceOf } from "../../test/support/parity.ts";
import { removeDeadCode } from "../passes/dead-code.ts";
import { rewrite } from "../passes/rewrite.ts";
import { compile } from "../runtime/evaluate.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { webgpuLowering } from "./rules-webgpu.ts";

/** Rows for which the CPU's own kernel is not the one to be compared with. */
const others: Readonly<Record<string, string>> = {
  DynamicQuantizeMatMul: "the kernel rounds otherwise",
};

for (const file of globSync("*.cases.ts", { cwd: import.meta.dirname }).sort()) {
  const { cases } = (await import(pathToFileURL(join(import.meta.dirname, file)).href)) as {
    cases: readonly OperatorCase[];
  };
  describe(basename(file, ".cases.ts"), () => {
    for (const row of cases.filter(({ op }) => !Object.hasOwn(others, op)))
      test(`${row.op}: ${row.name}`, async () => {
        const built = buildCase(row);
        addOutputs(built, row);
        const graph = removeDeadCode(built.g.build());
        const lowered = rewrite(graph, webgpuLowering);
        if (lowered === graph) return;
        const signature = (g: typeof graph) =>
          g.outputs.map(({ name, value: { dtype, shape } }) => [name, dtype, shape]);
        expect(signature(lowered)).toEqual(signature(graph));
        await using first = await compile(lowered);
        await using second = await compile(graph);
        const [got, expected] = [await first.run(built.feeds), await second.run(built.feeds)];
        for (const { name } of graph.outputs)
          expect(differenceOf(got[name] as Tensor, expected[name] as Tensor), name).toBeLessThan(1e-5);
      });
  });
}

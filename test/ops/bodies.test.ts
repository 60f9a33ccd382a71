/** Operators that are differentiated through a body: the body computes what the kernel does, on every row of the case tables. */

import { globSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { bodyOf } from "../../src/ops/_body.ts";
import { allOperators, attributesOf, type OpName } from "../../src/ops/registry.ts";
import { compile } from "../../src/runtime/evaluate.ts";
import { isFloat } from "../../src/tensor/dtype.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { buildCase } from "../support/build-case.ts";
import type { OperatorCase } from "../support/operator-case.ts";

const folder = join(import.meta.dirname, "../../src/ops");

/** Bodies that are not what the kernel computes, with the reason. */
const others: Readonly<Partial<Record<OpName, string>>> = {
  DynamicQuantizeMatMul: "the kernel rounds the left factor, straight through which the gradient goes",
};

for (const file of globSync("*.cases.ts", { cwd: folder }).sort()) {
  const { cases } = (await import(pathToFileURL(join(folder, file)).href)) as { cases: readonly OperatorCase[] };
  for (const row of cases) {
    const operator = allOperators().get(row.op);
    const body = operator && bodyOf(operator.gradient);
    // A row without a gradient may be one that the body refuses.
    if (body === undefined || Object.hasOwn(others, row.op) || row.skipGradient !== undefined) continue;
    test(`${row.op}: ${row.name}`, async () => {
      const { g, inputs, outputs, feeds } = buildCase(row);
      const node = g.nodes.find(({ outputs: made }) => made.includes(outputs[0] ?? null));
      // Folded while building: no kernel runs.
      if (node === undefined) return;
      const results = body({ g, inputs, attributes: attributesOf(node), outputCount: outputs.length });
      for (const [i, output] of outputs.entries()) {
        g.output(`kernel${i}`, output);
        if (results[i] !== undefined) g.output(`body${i}`, results[i]);
      }
      await using compiled = await compile(g.build());
      const at = await compiled.run(feeds);
      for (const i of outputs.keys()) expectEqual(at[`body${i}`] as Tensor, at[`kernel${i}`] as Tensor);
    });
  }
}

function expectEqual(body: Tensor, kernel: Tensor): void {
  expect([body.dtype, body.shape]).toEqual([kernel.dtype, kernel.shape]);
  const tolerance = body.dtype === "float64" ? 1e-12 : isFloat(body.dtype) ? 1e-5 : 0;
  for (let i = 0; i < kernel.data.length; i++) {
    const [got, want] = [Number(body.data[i]), Number(kernel.data[i])];
    if (got !== want)
      expect(Math.abs(got - want), `element ${i}`).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(want)));
  }
}

/** Every case of every operator that may compute in float16: it and its gradient do, and the numbers are those of float32 up to rounding. */

import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { computeTypeOf } from "../../src/ops/compute-type.ts";
import { allOperators } from "../../src/ops/registry.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import type { DType } from "../../src/tensor/dtype.ts";
import { toFloat32 } from "../../src/tensor/float-bits.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { addOutputs, buildCase } from "../support/build-case.ts";
import type { OperatorCase } from "../support/operator-case.ts";

const folder = join(import.meta.dirname, "../../src/ops");
/** Of sums of a few dozen products, each with three digits. */
const tolerance = 0.02;

/** Rows on floats whose dtype is free to choose. */
function applies(row: OperatorCase): boolean {
  const operator = allOperators().get(row.op);
  if (operator === undefined) return false;
  const type = computeTypeOf({ op: operator.op ?? row.op, domain: operator.domain ?? "" });
  return type !== "float32" && row.inputs.some((input) => input !== null && input.dtype === undefined);
}

async function run(row: OperatorCase, dtype: DType): Promise<Record<string, Tensor>> {
  const built = buildCase(row, dtype);
  addOutputs(built, row);
  return await evaluate(built.g.build(), built.feeds);
}

for (const file of globSync("*.cases.ts", { cwd: folder }).sort()) {
  const { cases } = (await import(pathToFileURL(join(folder, file)).href)) as { cases: readonly OperatorCase[] };
  const rows = cases.filter(applies);
  if (rows.length > 0)
    describe(basename(file, ".cases.ts"), () => {
      for (const row of rows)
        test(`${row.op}: ${row.name}`, async () => {
          const [half, single] = [await run(row, "float16"), await run(row, "float32")];
          expect(Object.keys(half)).toEqual(Object.keys(single));
          for (const [name, expected] of Object.entries(single)) {
            const got = half[name] as Tensor;
            expect(got.dtype, name).toBe(expected.dtype === "float32" ? "float16" : expected.dtype);
            if (got.dtype !== "float16") continue;
            const [x, y] = [toFloat32(got), toFloat32(expected)];
            const size = Math.max(1, ...y.map(Math.abs));
            for (const [i, value] of y.entries())
              expect(Math.abs((x[i] as number) - value) / size, name).toBeLessThan(tolerance);
          }
        });
    });
}

/** Rows of the operators' case tables, a few of each family: where a whole table would take too long. */

import { cases as activation } from "../../src/ops/activation.cases.ts";
import { cases as conv } from "../../src/ops/conv.cases.ts";
import { cases as elementwise } from "../../src/ops/elementwise.cases.ts";
import { cases as gather } from "../../src/ops/gather.cases.ts";
import { cases as matmul } from "../../src/ops/matmul.cases.ts";
import { cases as norm } from "../../src/ops/norm.cases.ts";
import { cases as pool } from "../../src/ops/pool.cases.ts";
import { cases as reduce } from "../../src/ops/reduce.cases.ts";
import { cases as scatter } from "../../src/ops/scatter.cases.ts";
import { cases as select } from "../../src/ops/select.cases.ts";
import { cases as shape } from "../../src/ops/shape.cases.ts";
import { cases as softmax } from "../../src/ops/softmax.cases.ts";
import type { OperatorCase } from "./operator-case.ts";

const families = { activation, conv, elementwise, gather, matmul, norm, pool, reduce, scatter, select, shape, softmax };

/**
 * Rows spread evenly over each family's table.
 *
 * @param count - Of each family.
 */
export function caseSample(count: number): readonly OperatorCase[] {
  return Object.values(families).flatMap((rows) =>
    Array.from({ length: Math.min(count, rows.length) }, (_, i) => {
      const step = rows.length / Math.min(count, rows.length);
      return rows[Math.floor(i * step)] as OperatorCase;
    }),
  );
}

import type { OperatorCase } from "../../test/support/operator-case.ts";
import type { Shape } from "../tensor/shape.ts";

function einsum(name: string, equation: string, ...shapes: Shape[]): OperatorCase {
  return { name, op: "Einsum", inputs: shapes.map((shape) => ({ shape })), attributes: { equation } };
}

export const cases: readonly OperatorCase[] = [
  einsum("matrix product", "ij,jk->ik", [2, 3], [3, 4]),
  einsum("output by default, with spaces", "ij, jk", [2, 3], [3, 4]),
  einsum("default output in alphabetical order", "ba,cb", [2, 3], [4, 2]),
  einsum("attention scores", "bqhd,bkhd->bhqk", [2, 3, 2, 4], [2, 2, 2, 4]),
  einsum("outer product", "i,j->ij", [3], [2]),
  einsum("transpose", "ij->ji", [2, 3]),
  einsum("sum of everything", "ij->", [2, 3]),
  einsum("an axis summed alone", "ij,k->i", [2, 3], [2]),
  einsum("three operands", "ij,jk,kl->il", [2, 3], [3, 2], [2, 4]),
  einsum("ellipsis", "...ij,...jk->...ik", [2, 2, 3], [2, 3, 2]),
  einsum("ellipsis in one term", "...ij,jk->...ik", [2, 2, 3], [3, 2]),
  einsum("ellipsis of length 1 broadcasts", "...ij,...jk->...ik", [2, 2, 3], [1, 3, 2]),
  einsum("ellipsis by default", "...i,...i", [2, 3], [2, 3]),
  einsum("length 1 broadcasts", "bi,bi->b", [2, 3], [1, 3]),
  einsum("diagonal", "ii->i", [3, 3]),
  einsum("trace times vector", "ii,j->j", [3, 3], [2]),
  {
    name: "values",
    op: "Einsum",
    inputs: [
      { shape: [2], values: [1, 2] },
      { shape: [2], values: [3, 4] },
    ],
    attributes: { equation: "i,i->" },
    expected: [11],
  },
];

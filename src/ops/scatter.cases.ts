import type { CaseInput, OperatorCase } from "../../test/support/operator-case.ts";
import type { Shape } from "../tensor/shape.ts";

/** int64 indices that are fed. */
const at = (shape: Shape, ...values: number[]): CaseInput => ({ shape, dtype: "int64", values });

export const cases: readonly OperatorCase[] = [
  { name: "replaces rows", op: "ScatterND", inputs: [{ shape: [4, 2] }, at([2, 1], 3, -4), { shape: [2, 2] }] },
  { name: "replaces elements", op: "ScatterND", inputs: [{ shape: [2, 3] }, at([2, 2], 0, 1, 1, -1), { shape: [2] }] },
  {
    name: "adds rows, repeated",
    op: "ScatterND",
    inputs: [{ shape: [3, 2] }, at([3, 1], 1, 1, -3), { shape: [3, 2] }],
    attributes: { reduction: "add" },
  },
  {
    name: "adds a grid of elements",
    op: "ScatterND",
    inputs: [{ shape: [2, 2] }, at([2, 2, 2], 0, 0, 1, 1, 0, 0, 1, 0), { shape: [2, 2] }],
    attributes: { reduction: "add" },
  },
  {
    name: "no updates",
    op: "ScatterND",
    inputs: [{ shape: [3, 2] }, at([0, 1]), { shape: [0, 2] }],
    attributes: { reduction: "add" },
  },
  {
    name: "multiplies, repeated",
    op: "ScatterND",
    inputs: [{ shape: [3] }, at([4, 1], 1, 1, 2, 1), { shape: [4] }],
    attributes: { reduction: "mul" },
  },
  {
    name: "multiplies with zeros",
    op: "ScatterND",
    inputs: [{ shape: [3] }, at([5, 1], 0, 0, 1, 1, 1), { shape: [5], values: [0, 2, 0, 0, 3] }],
    attributes: { reduction: "mul" },
    skipSecondOrder: "the rule treats an update of exactly 0 as a case of its own, so it is not continuous there",
  },
  {
    name: "maximum, repeated",
    op: "ScatterND",
    inputs: [{ shape: [3], values: [1, 5, 0] }, at([4, 1], 0, 0, 1, 2), { shape: [4], values: [2, 3, 4, 6] }],
    attributes: { reduction: "max" },
    expected: [3, 5, 6],
  },
  {
    name: "minimum, repeated",
    op: "ScatterND",
    inputs: [{ shape: [3], values: [1, 5, 0] }, at([4, 1], 0, 0, 1, 2), { shape: [4], values: [2, 3, 4, 6] }],
    attributes: { reduction: "min" },
    expected: [1, 4, 0],
  },

  {
    name: "replaces along axis 0",
    op: "ScatterElements",
    inputs: [{ shape: [3, 2] }, at([2, 2], 2, 0, 1, -2), { shape: [2, 2] }],
  },
  {
    name: "replaces along the last axis",
    op: "ScatterElements",
    inputs: [{ shape: [2, 4] }, at([2, 2], -1, 0, 2, 1), { shape: [2, 2] }],
    attributes: { axis: -1 },
  },
  {
    name: "adds along axis 1, repeated",
    op: "ScatterElements",
    inputs: [{ shape: [2, 3] }, at([2, 4], 0, 0, 2, 0, 1, -2, 1, 2), { shape: [2, 4] }],
    attributes: { axis: 1, reduction: "add" },
  },
  {
    name: "int32 indices",
    op: "ScatterElements",
    inputs: [{ shape: [3] }, { shape: [2], dtype: "int32", values: [1, 1] }, { shape: [2] }],
    attributes: { reduction: "add" },
  },
  {
    name: "multiplies, repeated",
    op: "ScatterElements",
    inputs: [{ shape: [3] }, at([3], 1, 1, 0), { shape: [3] }],
    attributes: { reduction: "mul" },
  },
  {
    name: "maximum",
    op: "ScatterElements",
    inputs: [{ shape: [3], values: [1, 5, 0] }, at([3], 0, 1, 2), { shape: [3], values: [2, 4, 6] }],
    attributes: { reduction: "max" },
    expected: [2, 5, 6],
  },
  {
    name: "minimum",
    op: "ScatterElements",
    inputs: [{ shape: [3], values: [1, 5, 0] }, at([3], 0, 1, 2), { shape: [3], values: [2, 4, 6] }],
    attributes: { reduction: "min" },
    expected: [1, 4, 0],
  },
];

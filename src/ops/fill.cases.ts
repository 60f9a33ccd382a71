import type { CaseInput, OperatorCase } from "../../test/support/operator-case.ts";
import { scalar, tensor } from "../tensor/tensor.ts";

/** A 1-D int64 constant. */
const ints = (...values: number[]): CaseInput => ({ shape: [values.length], dtype: "int64", values, constant: true });
/** An int64 scalar constant. */
const one = (value: number): CaseInput => ({ shape: [], dtype: "int64", values: [value], constant: true });

export const cases: readonly OperatorCase[] = [
  { name: "whole", op: "Shape", inputs: [{ shape: [2, 3, 4] }], expected: [2, 3, 4] },
  {
    name: "from start to end",
    op: "Shape",
    inputs: [{ shape: [2, 3, 4] }],
    attributes: { start: 1, end: -1 },
    expected: [3],
  },
  { name: "clamped", op: "Shape", inputs: [{ shape: [2, 3] }], attributes: { start: -5, end: 9 }, expected: [2, 3] },
  { name: "of a scalar", op: "Shape", inputs: [{ shape: [] }], expected: [] },
  { name: "of a constant folds", op: "Shape", inputs: [ints(1, 2, 3)], expected: [3] },
  { name: "matrix", op: "Size", inputs: [{ shape: [2, 3] }], expected: [6] },
  { name: "empty", op: "Size", inputs: [{ shape: [0, 3] }], expected: [0] },
  { name: "of a constant folds", op: "Size", inputs: [ints(5, 5)], expected: [2] },

  { name: "float32 zeros by default", op: "ConstantOfShape", inputs: [ints(2, 2)], expected: [0, 0, 0, 0] },
  {
    name: "int64 value",
    op: "ConstantOfShape",
    inputs: [ints(3)],
    attributes: { value: tensor("int64", [1], [7]) },
    expected: [7, 7, 7],
  },
  {
    name: "large, not folded",
    op: "ConstantOfShape",
    inputs: [ints(40, 50)],
    attributes: { value: tensor("float64", [1], [0.5]) },
  },
  {
    name: "scalar",
    op: "ConstantOfShape",
    inputs: [ints()],
    attributes: { value: scalar("float32", 3) },
    expected: [3],
  },

  { name: "int64 up", op: "Range", inputs: [one(1), one(8), one(3)], expected: [1, 4, 7] },
  { name: "int64 down", op: "Range", inputs: [one(5), one(0), one(-2)], expected: [5, 3, 1] },
  { name: "empty", op: "Range", inputs: [one(5), one(5), one(1)], expected: [] },
  { name: "long, not folded", op: "Range", inputs: [one(0), one(3000), one(1)] },
  {
    name: "float, not folded",
    op: "Range",
    inputs: [
      { shape: [], values: [0], constant: true },
      { shape: [], values: [1], constant: true },
      { shape: [], values: [0.25], constant: true },
    ],
    expected: [0, 0.25, 0.5, 0.75],
  },

  { name: "wide", op: "EyeLike", inputs: [{ shape: [2, 3] }], expected: [1, 0, 0, 0, 1, 0] },
  {
    name: "diagonal 1, int64",
    op: "EyeLike",
    inputs: [{ shape: [2, 3], dtype: "float32" }],
    attributes: { k: 1, dtype: 7 },
    expected: [0, 1, 0, 0, 0, 1],
  },

  {
    name: "upper",
    op: "Trilu",
    inputs: [{ shape: [2, 3], values: [1, 2, 3, 4, 5, 6] }],
    expected: [1, 2, 3, 0, 5, 6],
  },
  { name: "lower of a batch", op: "Trilu", inputs: [{ shape: [2, 3, 3] }, one(0)], attributes: { upper: 0 } },
  { name: "upper from diagonal 1", op: "Trilu", inputs: [{ shape: [4, 3] }, one(1)] },
  { name: "lower to diagonal -2", op: "Trilu", inputs: [{ shape: [3, 4] }, one(-2)], attributes: { upper: 0 } },
];

import type { CaseInput, OperatorCase } from "../../test/support/operator-case.ts";
import type { Shape } from "../tensor/shape.ts";

/** int64 indices that are fed. */
const at = (shape: Shape, ...values: number[]): CaseInput => ({ shape, dtype: "int64", values });
/** A 1-D int64 constant. */
const ints = (...values: number[]): CaseInput => ({ shape: [values.length], dtype: "int64", values, constant: true });

export const cases: readonly OperatorCase[] = [
  { name: "rows, repeated", op: "Gather", inputs: [{ shape: [4, 3] }, at([3], 2, 0, 2)] },
  { name: "matrix of indices", op: "Gather", inputs: [{ shape: [5, 2] }, at([2, 3], 0, 4, 1, 1, 3, 4)] },
  { name: "negative indices", op: "Gather", inputs: [{ shape: [4, 2] }, at([3], -1, 3, -4)] },
  {
    name: "int32 indices",
    op: "Gather",
    inputs: [{ shape: [4, 2] }, { shape: [2, 2], dtype: "int32", values: [1, -1, 0, 1] }],
  },
  { name: "last axis", op: "Gather", inputs: [{ shape: [2, 3, 4] }, at([2], 3, -4)], attributes: { axis: -1 } },
  {
    name: "middle axis, matrix of indices",
    op: "Gather",
    inputs: [{ shape: [2, 3, 4] }, at([2, 2], 0, 2, 2, 0)],
    attributes: { axis: 1 },
  },
  {
    name: "scalar index drops the axis",
    op: "Gather",
    inputs: [{ shape: [2, 3, 4] }, at([], 1)],
    attributes: { axis: 1 },
  },
  {
    name: "constant scalar index",
    op: "Gather",
    inputs: [{ shape: [2, 3, 4] }, { shape: [], dtype: "int64", values: [-1], constant: true }],
    attributes: { axis: 1 },
  },
  { name: "constant index of shape [1]", op: "Gather", inputs: [{ shape: [3, 4] }, ints(0)] },
  { name: "constant indices", op: "Gather", inputs: [{ shape: [3, 4] }, ints(3, 0, 3)], attributes: { axis: 1 } },
  { name: "vector", op: "Gather", inputs: [{ shape: [4] }, at([2, 2], 0, 0, 0, 3)] },
  { name: "no indices", op: "Gather", inputs: [{ shape: [4, 2] }, at([0])] },
  {
    name: "constants fold to a scalar",
    op: "Gather",
    inputs: [ints(2, 3, 5), { shape: [], dtype: "int64", values: [-1], constant: true }],
    expected: [5],
  },
  {
    name: "constants fold along axis 1",
    op: "Gather",
    inputs: [{ shape: [2, 3], values: [0, 1, 2, 3, 4, 5], constant: true }, ints(2, 0)],
    attributes: { axis: 1 },
    expected: [2, 0, 5, 3],
  },

  { name: "axis 0, repeated", op: "GatherElements", inputs: [{ shape: [3, 2] }, at([2, 2], 2, 0, 2, 1)] },
  {
    name: "last axis, negative",
    op: "GatherElements",
    inputs: [{ shape: [2, 4] }, at([2, 3], -1, 0, 3, 1, 1, -4)],
    attributes: { axis: -1 },
  },
  {
    name: "fewer rows than the data",
    op: "GatherElements",
    inputs: [{ shape: [4, 3] }, at([2, 1], 2, 0)],
    attributes: { axis: 1 },
  },
  {
    name: "int32 indices",
    op: "GatherElements",
    inputs: [{ shape: [3] }, { shape: [4], dtype: "int32", values: [0, 0, 2, 1] }],
  },

  { name: "elements", op: "GatherND", inputs: [{ shape: [2, 3] }, at([2, 2], 0, 2, 1, -3)] },
  { name: "rows, repeated", op: "GatherND", inputs: [{ shape: [3, 4] }, at([3, 1], 2, 0, 2)] },
  { name: "two leading axes", op: "GatherND", inputs: [{ shape: [2, 3, 2] }, at([2, 1, 2], 0, 1, 1, 2)] },
  {
    name: "one batch axis",
    op: "GatherND",
    inputs: [{ shape: [2, 3, 2] }, at([2, 2, 1], 1, 1, 0, -1)],
    attributes: { batch_dims: 1 },
  },
  {
    name: "two batch axes",
    op: "GatherND",
    inputs: [{ shape: [2, 2, 3] }, at([2, 2, 1], 0, 2, 1, 1)],
    attributes: { batch_dims: 2 },
  },
  {
    name: "one batch axis, deep index",
    op: "GatherND",
    inputs: [{ shape: [2, 2, 3, 2] }, at([2, 3, 2], 1, 2, 0, 0, 1, 2, 0, 1, 0, 1, 1, 0)],
    attributes: { batch_dims: 1 },
  },

  {
    name: "last axis",
    op: "OneHot",
    // ONNX Runtime's CPU build has no float64 kernel.
    dtype: "float32",
    inputs: [at([3], 0, 2, -1), { shape: [], dtype: "int64", values: [3], constant: true }, { shape: [2] }],
  },
  {
    name: "axis 0, out of range is off",
    op: "OneHot",
    dtype: "float32",
    inputs: [at([2], 1, 5), ints(3), { shape: [2], values: [0, 1] }],
    attributes: { axis: 0 },
    expected: [0, 0, 1, 0, 0, 0],
  },

  {
    name: "largest of the last axis",
    op: "TopK",
    inputs: [{ shape: [2, 5], values: [3, 1, 4, 0, 5, 9, 2, 6, 8, 7] }, ints(2)],
    outputs: 2,
    expected: [5, 4, 9, 8],
  },
  {
    name: "three of five",
    op: "TopK",
    inputs: [{ shape: [2, 5], values: [3, 1, 4, 0, 5, 9, 2, 6, 8, 7] }, ints(3)],
    outputs: 2,
  },
  {
    name: "smallest of axis 0",
    op: "TopK",
    inputs: [{ shape: [4, 2], values: [3, 1, 4, 0, 5, 9, 2, 6] }, ints(2)],
    attributes: { axis: 0, largest: 0 },
    outputs: 2,
    expected: [2, 0, 3, 1],
  },
  { name: "all", op: "TopK", inputs: [{ shape: [4], values: [0, 2, 1, 3] }, ints(4)], outputs: 2 },
];

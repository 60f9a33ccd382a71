import type { CaseInput, OperatorCase } from "../../test/support/operator-case.ts";

/** A 1-D int64 constant. */
const ints = (...values: number[]): CaseInput => ({ shape: [values.length], dtype: "int64", values, constant: true });
/** 0, 1, 2, … of a shape, not constant. */
const counting = (...shape: number[]): CaseInput => ({
  shape,
  values: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
});

const far = Number.MAX_SAFE_INTEGER;

export const cases: readonly OperatorCase[] = [
  { name: "rows", op: "Concat", inputs: [{ shape: [2, 3] }, { shape: [1, 3] }], attributes: { axis: 0 } },
  {
    name: "negative axis, three inputs",
    op: "Concat",
    inputs: [{ shape: [2, 1] }, { shape: [2, 2] }, { shape: [2, 3] }],
    attributes: { axis: -1 },
  },
  { name: "an empty input", op: "Concat", inputs: [{ shape: [2, 0] }, { shape: [2, 2] }], attributes: { axis: 1 } },
  {
    name: "constant in the middle",
    op: "Concat",
    inputs: [{ shape: [2, 1, 2] }, { shape: [2, 3, 2], constant: true }, { shape: [2, 2, 2] }],
    attributes: { axis: 1 },
  },
  { name: "one input", op: "Concat", inputs: [{ shape: [2] }], attributes: { axis: 0 } },
  {
    name: "constants fold",
    op: "Concat",
    inputs: [ints(1), ints(2, 3), ints(-1)],
    attributes: { axis: 0 },
    expected: [1, 2, 3, -1],
  },
  {
    name: "constant matrices fold",
    op: "Concat",
    inputs: [
      { shape: [2, 1], values: [1, 4], constant: true },
      { shape: [2, 2], values: [2, 3, 5, 6], constant: true },
    ],
    attributes: { axis: -1 },
    expected: [1, 2, 3, 4, 5, 6],
  },

  {
    name: "equal pieces",
    op: "Split",
    inputs: [{ shape: [2, 6] }],
    attributes: { axis: 1, num_outputs: 3 },
    outputs: 3,
  },
  { name: "last piece shorter", op: "Split", inputs: [{ shape: [7, 2] }], attributes: { num_outputs: 3 }, outputs: 3 },
  {
    name: "given lengths",
    op: "Split",
    inputs: [{ shape: [2, 6] }, ints(1, 2, 3)],
    attributes: { axis: -1 },
    outputs: 3,
  },
  { name: "an empty piece", op: "Split", inputs: [{ shape: [3] }, ints(3, 0)], outputs: 2 },
  { name: "one piece", op: "Split", inputs: [{ shape: [3] }], attributes: { num_outputs: 1 }, outputs: 1 },

  { name: "range of one axis", op: "Slice", inputs: [{ shape: [5, 3] }, ints(1), ints(4)] },
  {
    name: "named axis, negative end",
    op: "Slice",
    inputs: [counting(2, 4), ints(0), ints(-1), ints(-1)],
    expected: [0, 1, 2, 4, 5, 6],
  },
  { name: "clamped at both ends", op: "Slice", inputs: [{ shape: [4] }, ints(-100), ints(far)] },
  { name: "step 2", op: "Slice", inputs: [counting(5), ints(0), ints(5), ints(0), ints(2)], expected: [0, 2, 4] },
  {
    name: "step 2 from 1, even length",
    op: "Slice",
    inputs: [counting(6), ints(1), ints(6), ints(0), ints(2)],
    expected: [1, 3, 5],
  },
  {
    name: "step longer than what remains",
    op: "Slice",
    inputs: [{ shape: [5, 2] }, ints(3), ints(5), ints(0), ints(7)],
  },
  {
    name: "reversed",
    op: "Slice",
    inputs: [counting(4), ints(-1), ints(-far), ints(0), ints(-1)],
    expected: [3, 2, 1, 0],
  },
  {
    name: "step -2 within bounds",
    op: "Slice",
    inputs: [counting(7), ints(5), ints(0), ints(0), ints(-2)],
    expected: [5, 3, 1],
  },
  {
    name: "step -3 clamped",
    op: "Slice",
    inputs: [counting(8), ints(far), ints(-far), ints(0), ints(-3)],
    expected: [7, 4, 1],
  },
  {
    name: "mixed steps over three axes",
    op: "Slice",
    inputs: [{ shape: [4, 5, 6] }, ints(3, 1, 0), ints(-far, 4, 6), ints(0, 1, 2), ints(-2, 1, 4)],
  },
  { name: "axes out of order", op: "Slice", inputs: [{ shape: [4, 5] }, ints(1, 0), ints(3, 2), ints(1, 0)] },
  { name: "empty result", op: "Slice", inputs: [{ shape: [4, 2] }, ints(3), ints(3)] },
  { name: "constant folds", op: "Slice", inputs: [ints(2, 3, 5, 7), ints(1), ints(-1)], expected: [3, 5] },
  {
    name: "constant folds reversed",
    op: "Slice",
    inputs: [ints(2, 3, 5, 7), ints(-1), ints(-far), ints(0), ints(-2)],
    expected: [7, 3],
  },
  {
    name: "constant matrix folds",
    op: "Slice",
    inputs: [
      { shape: [2, 3], values: [0, 1, 2, 3, 4, 5], constant: true },
      ints(0, 2),
      ints(2, 0),
      ints(0, 1),
      ints(1, -1),
    ],
    expected: [2, 1, 5, 4],
  },

  { name: "zeros", op: "Pad", inputs: [{ shape: [2, 3] }, ints(1, 0, 0, 2)] },
  {
    name: "constant value",
    op: "Pad",
    inputs: [{ shape: [3] }, ints(2, 1), { shape: [], values: [7], constant: true }],
  },
  { name: "value with a gradient", op: "Pad", inputs: [{ shape: [2, 2] }, ints(0, 1, 2, 0), { shape: [] }] },
  { name: "value of shape [1] with a gradient", op: "Pad", inputs: [{ shape: [2] }, ints(1, 1), { shape: [1] }] },
  {
    name: "named axes",
    op: "Pad",
    inputs: [
      { shape: [2, 3, 4] },
      ints(1, 2, 0, 1),
      null,
      { shape: [2], dtype: "int64", values: [-1, 0], constant: true },
    ],
  },
  { name: "negative counts crop", op: "Pad", inputs: [{ shape: [4, 3] }, ints(-1, 1, -1, 0)] },
  { name: "only cropping, value with a gradient", op: "Pad", inputs: [{ shape: [5] }, ints(-1, -2), { shape: [] }] },
  {
    name: "reflect",
    op: "Pad",
    inputs: [counting(4), ints(2, 3)],
    attributes: { mode: "reflect" },
    expected: [2, 1, 0, 1, 2, 3, 2, 1, 0],
  },
  {
    name: "reflect two axes",
    op: "Pad",
    inputs: [{ shape: [3, 4] }, ints(1, 2, 0, 3)],
    attributes: { mode: "reflect" },
  },
  {
    name: "edge",
    op: "Pad",
    inputs: [counting(3), ints(2, 1)],
    attributes: { mode: "edge" },
    expected: [0, 0, 0, 1, 2, 2],
  },
  {
    name: "edge two axes of three",
    op: "Pad",
    inputs: [{ shape: [2, 3, 2] }, ints(0, 2, 1, 0, 1, 4)],
    attributes: { mode: "edge" },
  },
  {
    name: "wrap",
    op: "Pad",
    inputs: [counting(3), ints(2, 1)],
    attributes: { mode: "wrap" },
    expected: [1, 2, 0, 1, 2, 0],
  },
  { name: "wrap two axes", op: "Pad", inputs: [{ shape: [3, 4] }, ints(1, 3, 2, 4)], attributes: { mode: "wrap" } },
  { name: "reflect and crop", op: "Pad", inputs: [{ shape: [6] }, ints(-2, 2)], attributes: { mode: "reflect" } },

  {
    name: "time first",
    op: "ReverseSequence",
    inputs: [counting(4, 2), { shape: [2], dtype: "int64", values: [3, 1] }],
    attributes: { time_axis: 0, batch_axis: 1 },
    // ONNX Runtime's CPU build has no float64 kernel.
    dtype: "float32",
    expected: [4, 1, 2, 3, 0, 5, 6, 7],
  },
  {
    name: "batch first, with features",
    op: "ReverseSequence",
    inputs: [{ shape: [2, 3, 2] }, { shape: [2], dtype: "int64", values: [2, 3] }],
    attributes: { time_axis: 1, batch_axis: 0 },
    dtype: "float32",
  },
];

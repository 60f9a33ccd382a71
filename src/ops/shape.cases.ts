import type { CaseInput, OperatorCase } from "../../test/support/operator-case.ts";

/** A 1-D int64 constant. */
const ints = (...values: number[]): CaseInput => ({ shape: [values.length], dtype: "int64", values, constant: true });
/** 0, 1, 2, … of a shape, not constant. */
const counting = (...shape: number[]): CaseInput => ({
  shape,
  values: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
});

export const cases: readonly OperatorCase[] = [
  { name: "vector", op: "Identity", inputs: [{ shape: [3] }] },
  { name: "int32", op: "Identity", inputs: [{ shape: [2], dtype: "int32", values: [1, -2] }], expected: [1, -2] },
  { name: "constant folds", op: "Identity", inputs: [ints(4, 5)], expected: [4, 5] },

  { name: "explicit lengths", op: "Reshape", inputs: [{ shape: [2, 6] }, ints(3, 4)] },
  { name: "-1 is what remains", op: "Reshape", inputs: [{ shape: [2, 3, 4] }, ints(4, -1)] },
  { name: "0 copies an axis", op: "Reshape", inputs: [{ shape: [2, 3, 4] }, ints(0, -1)] },
  { name: "0 and -1 apart", op: "Reshape", inputs: [{ shape: [2, 3, 4] }, ints(-1, 0, 2)] },
  {
    name: "allowzero means an empty axis",
    op: "Reshape",
    inputs: [{ shape: [0, 3] }, ints(3, 0)],
    attributes: { allowzero: 1 },
  },
  { name: "empty with -1", op: "Reshape", inputs: [{ shape: [0, 3] }, ints(-1, 3)] },
  { name: "to a scalar", op: "Reshape", inputs: [{ shape: [1, 1] }, ints()] },
  { name: "constant folds", op: "Reshape", inputs: [ints(1, 2, 3, 4), ints(2, -1)], expected: [1, 2, 3, 4] },

  { name: "default reverses axes", op: "Transpose", inputs: [counting(2, 3)], expected: [0, 3, 1, 4, 2, 5] },
  { name: "cycle of three axes", op: "Transpose", inputs: [{ shape: [2, 3, 4] }], attributes: { perm: [2, 0, 1] } },
  { name: "four axes", op: "Transpose", inputs: [{ shape: [2, 3, 4, 5] }], attributes: { perm: [0, 2, 1, 3] } },
  { name: "scalar", op: "Transpose", inputs: [{ shape: [] }] },
  { name: "empty axis", op: "Transpose", inputs: [{ shape: [2, 0, 3] }], attributes: { perm: [1, 2, 0] } },
  {
    name: "constant folds",
    op: "Transpose",
    inputs: [{ shape: [2, 1, 3], values: [0, 1, 2, 3, 4, 5], constant: true }],
    attributes: { perm: [2, 1, 0] },
    expected: [0, 3, 1, 4, 2, 5],
  },

  { name: "all axes of length 1", op: "Squeeze", inputs: [{ shape: [1, 3, 1] }] },
  { name: "one negative axis", op: "Squeeze", inputs: [{ shape: [1, 3, 1] }, ints(-1)] },
  { name: "to a scalar", op: "Squeeze", inputs: [{ shape: [1] }, ints(0)] },
  { name: "constant folds", op: "Squeeze", inputs: [ints(7), ints(0)], expected: [7] },

  { name: "two axes in any order", op: "Unsqueeze", inputs: [{ shape: [3, 4] }, ints(3, 0)] },
  { name: "negative axis", op: "Unsqueeze", inputs: [{ shape: [3] }, ints(-1)] },
  { name: "scalar", op: "Unsqueeze", inputs: [{ shape: [] }, ints(0)] },
  { name: "constant folds", op: "Unsqueeze", inputs: [ints(3, 4), ints(0)], expected: [3, 4] },

  { name: "default axis", op: "Flatten", inputs: [{ shape: [2, 3, 4] }] },
  { name: "axis 0", op: "Flatten", inputs: [{ shape: [2, 3] }], attributes: { axis: 0 } },
  { name: "axis past the last", op: "Flatten", inputs: [{ shape: [2, 3] }], attributes: { axis: 2 } },
  { name: "negative axis", op: "Flatten", inputs: [{ shape: [2, 3, 4] }], attributes: { axis: -1 } },
  { name: "constant folds", op: "Flatten", inputs: [ints(1, 2)], attributes: { axis: 0 }, expected: [1, 2] },

  { name: "rows", op: "Expand", inputs: [{ shape: [3, 1] }, ints(3, 4)] },
  { name: "new axes", op: "Expand", inputs: [{ shape: [3] }, ints(2, 2, 3)] },
  { name: "target of ones keeps the input", op: "Expand", inputs: [{ shape: [2, 3] }, ints(1)] },
  { name: "both ways", op: "Expand", inputs: [{ shape: [1, 3, 1] }, ints(2, 1, 4)] },
  { name: "scalar", op: "Expand", inputs: [{ shape: [] }, ints(2, 2)] },
  { name: "to empty", op: "Expand", inputs: [{ shape: [1, 2] }, ints(0, 2)] },
  {
    name: "constant folds",
    op: "Expand",
    inputs: [{ shape: [2, 1], values: [5, 6], constant: true }, ints(2, 2, 3)],
    expected: [5, 5, 5, 6, 6, 6, 5, 5, 5, 6, 6, 6],
  },
  {
    name: "a large constant is not folded",
    op: "Expand",
    inputs: [{ shape: [1], values: [2], constant: true }, ints(2000)],
  },

  { name: "both axes", op: "Tile", inputs: [counting(1, 2), ints(2, 2)], expected: [0, 1, 0, 1, 0, 1, 0, 1] },
  { name: "one axis of three", op: "Tile", inputs: [{ shape: [2, 3, 2] }, ints(1, 3, 1)] },
  { name: "no repeats", op: "Tile", inputs: [{ shape: [2, 3] }, ints(1, 1)] },
  { name: "zero repeats", op: "Tile", inputs: [{ shape: [2, 3] }, ints(0, 2)] },
  { name: "constant folds", op: "Tile", inputs: [ints(1, 2), ints(3)], expected: [1, 2, 1, 2, 1, 2] },
  {
    name: "constant matrix folds",
    op: "Tile",
    inputs: [{ shape: [2, 2], values: [1, 2, 3, 4], constant: true }, ints(1, 2)],
    expected: [1, 2, 1, 2, 3, 4, 3, 4],
  },

  {
    name: "DCR",
    op: "DepthToSpace",
    inputs: [counting(1, 4, 1, 2)],
    attributes: { blocksize: 2 },
    expected: [0, 2, 1, 3, 4, 6, 5, 7],
  },
  {
    name: "DCR with depth",
    op: "DepthToSpace",
    inputs: [{ shape: [2, 8, 2, 3] }],
    attributes: { blocksize: 2, mode: "DCR" },
  },
  {
    name: "CRD with depth",
    op: "DepthToSpace",
    inputs: [{ shape: [2, 8, 2, 3] }],
    attributes: { blocksize: 2, mode: "CRD" },
  },
  {
    name: "blocks of 3",
    op: "DepthToSpace",
    inputs: [{ shape: [1, 18, 2, 1] }],
    attributes: { blocksize: 3, mode: "CRD" },
  },
  { name: "blocks of 2", op: "SpaceToDepth", inputs: [{ shape: [2, 2, 4, 6] }], attributes: { blocksize: 2 } },
  {
    name: "channels are block first",
    op: "SpaceToDepth",
    inputs: [counting(1, 2, 2, 2)],
    attributes: { blocksize: 2 },
    expected: [0, 4, 1, 5, 2, 6, 3, 7],
  },
];

import type { OperatorCase } from "../../test/support/operator-case.ts";

const a = { shape: [4], dtype: "uint32", values: [0b1100, 0xffffffff, 0x80000001, 0] } as const;
const b = { shape: [4], dtype: "uint32", values: [0b1010, 0x0000ffff, 0x80000000, 7] } as const;

/** Rows for `bitwise.ts`. Results that are not small are written as ONNX Runtime gives them and can be checked by hand. */
export const cases: readonly OperatorCase[] = [
  { name: "uint32", op: "BitwiseAnd", inputs: [a, b], expected: [0b1000, 0x0000ffff, 0x80000000, 0] },
  { name: "uint32", op: "BitwiseOr", inputs: [a, b], expected: [0b1110, 0xffffffff, 0x80000001, 7] },
  { name: "uint32", op: "BitwiseXor", inputs: [a, b], expected: [0b0110, 0xffff0000, 1, 7] },
  { name: "uint32", op: "BitwiseNot", inputs: [a], expected: [0xfffffff3, 0, 0x7ffffffe, 0xffffffff] },
  {
    name: "int32 with a broadcast scalar",
    op: "BitwiseAnd",
    inputs: [
      { shape: [2, 2], dtype: "int32", values: [-1, 5, -8, 3] },
      { shape: [], dtype: "int32", values: [6] },
    ],
    expected: [6, 4, 0, 2],
  },
  {
    name: "int64 negatives",
    op: "BitwiseXor",
    inputs: [
      { shape: [2], dtype: "int64", values: [-1, 12] },
      { shape: [2], dtype: "int64", values: [0, 10] },
    ],
    expected: [-1, 6],
  },
  {
    name: "uint32 to the right, each by its own count",
    op: "BitShift",
    inputs: [a, { shape: [4], dtype: "uint32", values: [2, 16, 31, 3] }],
    attributes: { direction: "RIGHT" },
    expected: [0b11, 0xffff, 1, 0],
  },
  {
    name: "uint32 to the left, high bits are lost",
    op: "BitShift",
    inputs: [a, { shape: [], dtype: "uint32", values: [1] }],
    attributes: { direction: "LEFT" },
    expected: [0b11000, 0xfffffffe, 2, 0],
  },
  {
    name: "constants fold to what would run",
    op: "BitShift",
    inputs: [
      { shape: [2], dtype: "uint8", values: [0xff, 3], constant: true },
      { shape: [2], dtype: "uint8", values: [4, 1], constant: true },
    ],
    attributes: { direction: "LEFT" },
    expected: [0xf0, 6],
  },
];

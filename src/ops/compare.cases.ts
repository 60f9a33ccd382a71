/** Cases of comparisons, logic, selection and conversion. */

import type { CaseInput, OperatorCase } from "../../test/support/operator-case.ts";
import { onnxTypeOf } from "../tensor/dtype.ts";

const vector = (...values: number[]): CaseInput => ({ shape: [values.length], values });
const int64 = (...values: number[]): CaseInput => ({ shape: [values.length], dtype: "int64", values });
const int32 = (...values: number[]): CaseInput => ({ shape: [values.length], dtype: "int32", values });
const bool = (...values: number[]): CaseInput => ({ shape: [values.length], dtype: "bool", values });
const constant = (input: CaseInput): CaseInput => ({ ...input, constant: true });

const expectedOfTests = {
  Equal: [0, 1, 0],
  Greater: [0, 0, 1],
  GreaterOrEqual: [0, 1, 1],
  Less: [1, 0, 0],
  LessOrEqual: [1, 1, 0],
} as const;

const comparisons = (["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"] as const).flatMap(
  (op): OperatorCase[] => [
    { name: "floats", op, inputs: [vector(1, 2, 3), vector(2, 2, 2)], expected: expectedOfTests[op] },
    {
      name: "int64 against a scalar",
      op,
      inputs: [int64(1, 2, 3), { shape: [], dtype: "int64", values: [2] }],
      expected: expectedOfTests[op],
    },
    { name: "int32", op, inputs: [int32(1, 2, 3), int32(2)], expected: expectedOfTests[op] },
    {
      name: "constants fold",
      op,
      inputs: [constant(int64(1, 2, 3)), constant(int64(2))],
      expected: expectedOfTests[op],
    },
    { name: "both sides broadcast", op, inputs: [{ shape: [2, 1] }, { shape: [1, 3] }] },
    { name: "two scalars", op, inputs: [{ shape: [] }, { shape: [] }] },
    { name: "no elements", op, inputs: [{ shape: [0, 3] }, { shape: [3] }] },
  ],
);

const expectedOfLogic = { And: [0, 0, 0, 1], Or: [0, 1, 1, 1], Xor: [0, 1, 1, 0] } as const;

const logic = (["And", "Or", "Xor"] as const).flatMap((op): OperatorCase[] => [
  { name: "truth table", op, inputs: [bool(0, 0, 1, 1), bool(0, 1, 0, 1)], expected: expectedOfLogic[op] },
  {
    name: "constants fold",
    op,
    inputs: [constant(bool(0, 0, 1, 1)), constant(bool(0, 1, 0, 1))],
    expected: expectedOfLogic[op],
  },
  {
    name: "both sides broadcast",
    op,
    inputs: [
      { shape: [2, 1], dtype: "bool", values: [0, 1] },
      { shape: [2], dtype: "bool", values: [0, 1] },
    ],
    expected: expectedOfLogic[op],
  },
]);

const probes: readonly OperatorCase[] = [
  { name: "truth table", op: "Not", inputs: [bool(0, 1)], expected: [1, 0] },
  { name: "constants fold", op: "Not", inputs: [constant(bool(0, 1))], expected: [1, 0] },
  { name: "values", op: "IsNaN", inputs: [vector(Number.NaN, 1, Number.POSITIVE_INFINITY)], expected: [1, 0, 0] },
  { name: "no elements", op: "IsNaN", inputs: [{ shape: [0] }] },
  { name: "both signs", op: "IsInf", inputs: [vector(-Infinity, 1, Infinity, Number.NaN)], expected: [1, 0, 1, 0] },
  {
    name: "only positive",
    op: "IsInf",
    attributes: { detect_negative: 0 },
    inputs: [vector(-Infinity, 1, Infinity)],
    expected: [0, 0, 1],
  },
];

const selections: readonly OperatorCase[] = [
  { name: "values", op: "Where", inputs: [bool(1, 0, 1), vector(1, 2, 3), vector(4, 5, 6)], expected: [1, 5, 3] },
  {
    name: "all three broadcast",
    op: "Where",
    inputs: [{ shape: [2, 1, 1], dtype: "bool", values: [1, 0] }, { shape: [3, 1] }, { shape: [4] }],
  },
  {
    name: "one broadcast condition",
    op: "Where",
    inputs: [{ shape: [3], dtype: "bool", values: [1, 0, 1] }, { shape: [2, 3] }, { shape: [2, 3] }],
  },
  { name: "scalar branches", op: "Where", inputs: [bool(1, 0), { shape: [] }, { shape: [] }] },
  {
    name: "constant minus infinity below",
    op: "Where",
    inputs: [bool(1, 1), vector(1, 2), constant({ shape: [], values: [-Infinity] })],
    expected: [1, 2],
  },
  {
    name: "constant above",
    op: "Where",
    inputs: [bool(1, 0), constant({ shape: [], values: [7] }), vector(1, 2)],
    expected: [7, 2],
  },
  { name: "no elements", op: "Where", inputs: [{ shape: [0], dtype: "bool" }, { shape: [1] }, { shape: [0] }] },
  { name: "int64", op: "Where", inputs: [bool(1, 0), int64(1, 2), int64(3, 4)], expected: [1, 4] },
  {
    name: "constants fold",
    op: "Where",
    inputs: [constant(bool(1, 0)), constant(int64(1)), constant(int64(3, 4))],
    expected: [1, 4],
  },
];

const casts: readonly OperatorCase[] = [
  // dtype float32 so that the step of the differences is one that float32 can tell.
  {
    name: "float64 to float32",
    op: "Cast",
    dtype: "float32",
    attributes: { to: onnxTypeOf("float32") },
    inputs: [{ shape: [2, 3], dtype: "float64" }],
  },
  {
    name: "float32 to float64",
    op: "Cast",
    dtype: "float32",
    attributes: { to: onnxTypeOf("float64") },
    inputs: [{ shape: [2, 3] }],
  },
  { name: "to itself", op: "Cast", attributes: { to: onnxTypeOf("float64") }, inputs: [{ shape: [] }] },
  {
    name: "float to int64",
    op: "Cast",
    attributes: { to: onnxTypeOf("int64") },
    inputs: [vector(1.7, -1.7)],
    expected: [1, -1],
  },
  {
    name: "int64 to float",
    op: "Cast",
    attributes: { to: onnxTypeOf("float64") },
    inputs: [int64(3, -4)],
    expected: [3, -4],
  },
  {
    name: "to bool",
    op: "Cast",
    attributes: { to: onnxTypeOf("bool") },
    inputs: [vector(0, 0.5, -2)],
    expected: [0, 1, 1],
  },
  {
    name: "constants fold",
    op: "Cast",
    attributes: { to: onnxTypeOf("int32") },
    inputs: [constant(vector(1.7, -1.7))],
    expected: [1, -1],
  },
  { name: "no elements", op: "Cast", attributes: { to: onnxTypeOf("float32") }, inputs: [{ shape: [0, 2] }] },
  {
    name: "float64 like float32",
    op: "CastLike",
    dtype: "float32",
    inputs: [{ shape: [2, 3], dtype: "float64" }, constant({ shape: [], values: [0] })],
  },
  { name: "float like int64", op: "CastLike", inputs: [vector(1.7, -1.7), int64(0)], expected: [1, -1] },
];

export const cases: readonly OperatorCase[] = [...comparisons, ...logic, ...probes, ...selections, ...casts];

/** Cases of the arithmetic and elementary functions. */

import type { CaseInput, OperatorCase } from "../../test/support/operator-case.ts";
import type { OpName } from "./registry.ts";

/** What differs between functions: where they are smooth, and what their kernels take. */
export interface UnaryOptions extends Pick<OperatorCase, "dtype" | "attributes" | "tolerance" | "skipSecondOrder"> {
  readonly range?: readonly [number, number];
  /** Put before the names of the rows. */
  readonly label?: string;
}

/** Rows that every one-input function has: a matrix, a scalar and a tensor without elements. */
export function unaryCases(op: OpName, { range, label, ...rest }: UnaryOptions = {}): OperatorCase[] {
  const shapes: readonly (readonly [string, readonly number[]])[] = [
    ["a matrix", [3, 4]],
    ["a scalar", []],
    ["no elements", [0, 3]],
  ];
  return shapes.map(([name, shape]) => {
    const input: CaseInput = range === undefined ? { shape } : { shape, range };
    return { name: label === undefined ? name : `${label}, ${name}`, op, inputs: [input], ...rest };
  });
}

const positive: readonly [number, number] = [0.5, 2];

/** Every way in which two shapes can broadcast. */
const pairs: readonly [string, readonly number[], readonly number[]][] = [
  ["one shape", [2, 3], [2, 3]],
  ["row on the right", [2, 3], [3]],
  ["row on the left", [3], [2, 3]],
  ["both sides broadcast", [2, 1], [1, 3]],
  ["inner axis of three", [2, 3, 4], [3, 1]],
  ["scalar on the right", [2, 3], []],
  ["scalar on the left", [], [2, 3]],
  ["more axes of length 1 on the right", [3], [1, 1, 1]],
  ["two scalars", [], []],
  ["no elements", [0, 3], [1, 3]],
];

function broadcastCases(
  op: OpName,
  range?: readonly [number, number],
  attributes?: OperatorCase["attributes"],
): OperatorCase[] {
  return pairs.map(([name, a, b]) => ({
    name,
    op,
    inputs: [a, b].map((shape) => (range === undefined ? { shape } : { shape, range })),
    ...(attributes === undefined ? {} : { attributes }),
  }));
}

const int64 = (...values: number[]): CaseInput => ({ shape: [values.length], dtype: "int64", values });
const int32 = (...values: number[]): CaseInput => ({ shape: [values.length], dtype: "int32", values });
const vector = (...values: number[]): CaseInput => ({ shape: [values.length], values });
const number = (value: number, dtype?: CaseInput["dtype"]): CaseInput =>
  dtype === undefined ? { shape: [], values: [value] } : { shape: [], values: [value], dtype };
const constant = (input: CaseInput): CaseInput => ({ ...input, constant: true });

const kinkOfTies = "the gradient jumps where inputs tie";

const arithmetic: readonly OperatorCase[] = [
  ...broadcastCases("Add"),
  { name: "int64", op: "Add", inputs: [int64(1, -2, 3), int64(10)], expected: [11, 8, 13] },
  { name: "int32", op: "Add", inputs: [int32(1, -2), int32(5, 6)], expected: [6, 4] },
  {
    name: "constants fold",
    op: "Add",
    inputs: [constant(int64(1, 2)), constant(number(3, "int64"))],
    expected: [4, 5],
  },
  ...broadcastCases("Sub"),
  { name: "constant on the left", op: "Sub", inputs: [constant(number(1)), { shape: [2, 3] }] },
  { name: "int64", op: "Sub", inputs: [int64(1, -2, 3), int64(10)], expected: [-9, -12, -7] },
  ...broadcastCases("Mul"),
  { name: "int32", op: "Mul", inputs: [int32(3, -2), int32(5, 6)], expected: [15, -12] },
  ...broadcastCases("Div", positive),
  { name: "constant dividend", op: "Div", inputs: [constant(number(1)), { shape: [2, 3], range: positive }] },
  { name: "constant divisor", op: "Div", inputs: [{ shape: [2, 3] }, constant(number(4))] },
  { name: "negative divisor", op: "Div", inputs: [vector(1, -2), vector(-4, 0.5)], expected: [-0.25, -4] },
  { name: "integers towards zero", op: "Div", inputs: [int64(7, -7, 7), int64(2, 2, -2)], expected: [3, -3, -3] },
  { name: "constants fold", op: "Div", inputs: [constant(int64(7, -7)), constant(int64(2))], expected: [3, -3] },
  {
    name: "sign of the divisor",
    op: "Mod",
    inputs: [int64(-4, 7, 5, 4, -7, 8), int64(2, -3, 8, -2, 3, 5)],
    expected: [0, -2, 5, 0, 2, 3],
  },
  {
    name: "sign of the divisor, constants fold",
    op: "Mod",
    inputs: [constant(int64(-4, 7, -7)), constant(int64(2, -3, 3))],
    expected: [0, -2, 2],
  },
  {
    name: "sign of the dividend",
    op: "Mod",
    attributes: { fmod: 1 },
    inputs: [int64(-4, 7, 5, 4, -7, 8), int64(2, -3, 8, -2, 3, 5)],
    expected: [0, 1, 5, 0, -1, 3],
  },
  {
    name: "floats between the jumps",
    op: "Mod",
    attributes: { fmod: 1 },
    inputs: [vector(5.3, -5.3, 0.4), vector(2, 1.5, -3)],
    expected: [1.3, -0.8, 0.4],
  },
  {
    name: "floats broadcast over rows",
    op: "Mod",
    attributes: { fmod: 1 },
    inputs: [
      { shape: [2, 3], range: [3.1, 3.9] },
      { shape: [3], range: [1.1, 1.2] },
    ],
  },
];

const powers: readonly OperatorCase[] = [
  ...broadcastCases("Pow", positive),
  ...[0, 1, 2, 3, 4, 0.5, 1.7, -1, -0.5, -2].map(
    (exponent): OperatorCase => ({
      name: `constant exponent ${exponent}`,
      op: "Pow",
      inputs: [{ shape: [2, 3], range: positive }, constant(number(exponent))],
    }),
  ),
  {
    name: "constant exponent of shape [1, 1]",
    op: "Pow",
    inputs: [{ shape: [3] }, constant({ shape: [1, 1], values: [2] })],
  },
  {
    name: "constant exponent per column",
    op: "Pow",
    inputs: [{ shape: [2, 3], range: positive }, constant(vector(2, 3, 0))],
  },
  { name: "constant base", op: "Pow", inputs: [constant(number(2)), { shape: [2, 3] }] },
  {
    name: "negative base, even exponent",
    op: "Pow",
    inputs: [vector(-1.5, 2), constant(number(2))],
    expected: [2.25, 4],
  },
  {
    name: "zero base",
    op: "Pow",
    inputs: [vector(0, 0, 0, 2), constant(vector(2, 3, 0, 0))],
    expected: [0, 0, 1, 1],
    skipSecondOrder: "0^(b − 2) is infinite at the rows with b < 2",
  },
  {
    name: "negative base, integer exponent as input",
    op: "Pow",
    inputs: [vector(-1.5, 2), { shape: [2], dtype: "int64", values: [2, 3] }],
    expected: [2.25, 8],
  },
  { name: "integers", op: "Pow", inputs: [int64(2, -3), int64(3, 2)], expected: [8, 9] },
];

const extremes = (["Min", "Max"] as const).flatMap((op): OperatorCase[] => [
  ...pairs.map(
    ([name, a, b]): OperatorCase => ({
      name,
      op,
      inputs: [
        { shape: a, range: [-1, 1] },
        { shape: b, range: [-1, 1] },
      ],
    }),
  ),
  { name: "one input", op, inputs: [{ shape: [2, 3] }] },
  { name: "three inputs broadcast", op, inputs: [{ shape: [2, 3] }, { shape: [3] }, { shape: [2, 1] }] },
  { name: "a pair tied", op, inputs: [vector(1, 2, -3), vector(1, 5, -3)], skipSecondOrder: kinkOfTies },
  {
    name: "two of three tied",
    op,
    inputs: op === "Max" ? [vector(1, 2), vector(1, -1), vector(0, 2)] : [vector(1, 2), vector(1, 5), vector(3, 2)],
    expected: [1, 2],
    skipSecondOrder: kinkOfTies,
  },
  {
    name: "against a constant",
    op,
    inputs: [vector(-2, 3), constant(number(0))],
    expected: op === "Max" ? [0, 3] : [-2, 0],
  },
  { name: "int64", op, inputs: [int64(1, 5, 3), int64(4, 2, 3)], expected: op === "Max" ? [4, 5, 3] : [1, 2, 3] },
  { name: "int32", op, inputs: [int32(1, 5), int32(4, 2)], expected: op === "Max" ? [4, 5] : [1, 2] },
  {
    name: "constants fold",
    op,
    inputs: [constant(int64(1, 5)), constant(number(3, "int64"))],
    expected: op === "Max" ? [3, 5] : [1, 3],
  },
]);

const averages = (["Sum", "Mean"] as const).flatMap((op): OperatorCase[] => [
  // ONNX Runtime's CPU build has no float64 kernel of Mean.
  ...broadcastCases(op).map((row): OperatorCase => (op === "Mean" ? { ...row, dtype: "float32" } : row)),
  {
    name: "three inputs broadcast",
    op,
    dtype: "float32",
    inputs: [{ shape: [2, 3] }, { shape: [3] }, { shape: [2, 1] }],
  },
  { name: "one input", op, dtype: "float32", inputs: [vector(1, 2)], expected: [1, 2] },
]);

const clips: readonly OperatorCase[] = [
  {
    name: "both bounds",
    op: "Clip",
    inputs: [vector(-2, -0.3, 0.4, 3), constant(number(-1)), constant(number(1))],
    expected: [-1, -0.3, 0.4, 1],
  },
  {
    name: "learned bounds",
    op: "Clip",
    inputs: [vector(-2, -0.3, 0.4, 3), number(-1), number(1)],
    expected: [-1, -0.3, 0.4, 1],
  },
  { name: "only a lower bound", op: "Clip", inputs: [vector(-2, 3), constant(number(-1))], expected: [-1, 3] },
  { name: "only an upper bound", op: "Clip", inputs: [vector(-2, 3), null, number(1)], expected: [-2, 1] },
  { name: "no bounds", op: "Clip", inputs: [{ shape: [2, 3] }] },
  { name: "a scalar", op: "Clip", inputs: [number(3), number(-1), number(1)], expected: [1] },
  { name: "no elements", op: "Clip", inputs: [{ shape: [0, 3] }, number(-1), number(1)] },
  {
    name: "int64",
    op: "Clip",
    inputs: [int64(-5, 0, 5), number(-1, "int64"), number(2, "int64")],
    expected: [-1, 0, 2],
  },
];

const functions: readonly OperatorCase[] = [
  ...unaryCases("Neg"),
  { name: "int32", op: "Neg", inputs: [int32(1, -2)], expected: [-1, 2] },
  { name: "constants fold", op: "Neg", inputs: [constant(int64(1, -2))], expected: [-1, 2] },
  ...unaryCases("Abs", { range: [0.2, 2] }),
  { name: "negative", op: "Abs", inputs: [vector(-1.5, 2)], expected: [1.5, 2] },
  {
    name: "at zero the gradient is 0",
    op: "Abs",
    inputs: [vector(0, -1)],
    expected: [0, 1],
    skipSecondOrder: "it jumps at 0",
  },
  { name: "int64", op: "Abs", inputs: [int64(-3, 4)], expected: [3, 4] },
  ...unaryCases("Reciprocal", { range: positive }),
  { name: "negative", op: "Reciprocal", inputs: [vector(-2, 4)], expected: [-0.5, 0.25] },
  ...unaryCases("Sqrt", { range: positive }),
  { name: "constants fold", op: "Sqrt", inputs: [constant(vector(4, 9))], expected: [2, 3] },
  ...unaryCases("Exp"),
  ...unaryCases("Log", { range: positive }),
  ...unaryCases("Sign"),
  { name: "values", op: "Sign", inputs: [vector(-2, 0, 3)], expected: [-1, 0, 1] },
  ...unaryCases("Floor"),
  { name: "values", op: "Floor", inputs: [vector(-1.5, 1.5, 2)], expected: [-2, 1, 2] },
  ...unaryCases("Ceil"),
  { name: "constants fold", op: "Ceil", inputs: [constant(vector(-1.5, 1.5))], expected: [-1, 2] },
  ...unaryCases("Round"),
  { name: "halves to even", op: "Round", inputs: [vector(0.5, 1.5, 2.5, -2.5, 0.9)], expected: [0, 2, 2, -2, 1] },
  ...unaryCases("Sin", { range: [-3, 3] }),
  ...unaryCases("Cos", { range: [-3, 3] }),
  // ONNX Runtime's CPU build has no float64 kernels of the functions below.
  ...unaryCases("Tan", { dtype: "float32" }),
  ...unaryCases("Asin", { dtype: "float32", range: [-0.7, 0.7] }),
  ...unaryCases("Acos", { dtype: "float32", range: [-0.7, 0.7] }),
  ...unaryCases("Atan", { dtype: "float32", range: [-2, 2] }),
  ...unaryCases("Sinh", { dtype: "float32" }),
  ...unaryCases("Cosh", { dtype: "float32" }),
  ...unaryCases("Asinh", { dtype: "float32", range: [-2, 2] }),
  ...unaryCases("Acosh", { dtype: "float32", range: [1.5, 3] }),
  ...unaryCases("Atanh", { dtype: "float32", range: [-0.7, 0.7] }),
  ...unaryCases("Erf", { dtype: "float32", range: [-2, 2] }),
];

export const cases: readonly OperatorCase[] = [
  ...arithmetic,
  ...powers,
  ...extremes,
  ...averages,
  ...clips,
  ...functions,
];

import type { CaseInput, OperatorCase } from "../../test/support/operator-case.ts";
import type { OpName } from "./registry.ts";

/** The constant axes input. */
function axes(...values: readonly number[]): CaseInput {
  return { shape: [values.length], dtype: "int64", values, constant: true };
}

/** What every reduction must survive; `range` keeps the data where the reduction is smooth. */
function everyForm(op: OpName, range: readonly [number, number], options: Partial<OperatorCase> = {}): OperatorCase[] {
  const x = (...shape: number[]): CaseInput => ({ shape, range });
  const row = (
    name: string,
    inputs: readonly (CaseInput | null)[],
    attributes?: OperatorCase["attributes"],
  ): OperatorCase => ({
    name,
    op,
    inputs,
    ...(attributes === undefined ? {} : { attributes }),
    ...options,
  });
  return [
    row("all axes by default", [x(2, 3)]),
    row("all axes, dropped", [x(2, 3)], { keepdims: 0 }),
    row("last axis", [x(2, 3, 4), axes(-1)]),
    row("first axis, dropped", [x(2, 3), axes(0)], { keepdims: 0 }),
    row("middle axis", [x(2, 3, 2), axes(1)], { keepdims: 0 }),
    row("two axes apart", [x(2, 3, 4), axes(2, 0)]),
    row("two axes apart, dropped", [x(2, 3, 4), axes(0, -1)], { keepdims: 0 }),
    row("two neighbouring axes", [x(2, 3, 2), axes(-2, -1)], { keepdims: 0 }),
    row("an axis of length 1", [x(3, 1), axes(1)], { keepdims: 0 }),
    row("all axes of length 1", [x(1, 1)]),
    row("a scalar", [x()]),
    row("empty axes reduce all", [x(2, 2), axes()]),
    row("empty axes reduce none with noop", [x(2, 2), axes()], { noop_with_empty_axes: 1 }),
    row("no axes reduce none with noop", [x(3)], { noop_with_empty_axes: 1, keepdims: 0 }),
  ];
}

export const cases: readonly OperatorCase[] = [
  ...everyForm("ReduceSum", [-1, 1]),
  ...everyForm("ReduceMean", [-1, 1]),
  ...everyForm("ReduceMax", [-1, 1]),
  ...everyForm("ReduceMin", [-1, 1]),
  ...everyForm("ReduceProd", [-1.5, 1.5]),
  ...everyForm("ReduceSumSquare", [-1, 1]),
  ...everyForm("ReduceL1", [0.1, 1]),
  ...everyForm("ReduceL2", [0.2, 1]),
  ...everyForm("ReduceLogSum", [0.2, 2]),
  ...everyForm("ReduceLogSumExp", [-2, 2]),
  { name: "negative elements", op: "ReduceL1", inputs: [{ shape: [4], range: [-1, -0.1] }] },
  {
    name: "a slice of zeros",
    op: "ReduceL2",
    inputs: [{ shape: [3], values: [0, 0, 0] }],
    expected: [0],
    skipGradient: "not smooth at 0",
  },
  { name: "large numbers do not overflow", op: "ReduceLogSumExp", inputs: [{ shape: [3], values: [1000, 999, 1001] }] },
  { name: "values", op: "ReduceMean", inputs: [{ shape: [2, 2], values: [1, 2, 3, 5] }, axes(0)], expected: [2, 3.5] },
  {
    name: "ties share",
    op: "ReduceMax",
    inputs: [{ shape: [4], values: [1, 2, 2, 0] }],
    expected: [2],
    skipGradient: "kink",
  },
  {
    name: "one zero",
    op: "ReduceProd",
    inputs: [{ shape: [2, 3], values: [1, 0, 3, 2, 4, 5] }, axes(1)],
    expected: [0, 40],
  },
  { name: "two zeros", op: "ReduceProd", inputs: [{ shape: [4], values: [2, 0, 3, 0] }], expected: [0] },
  { name: "a long axis", op: "ReduceProd", inputs: [{ shape: [2, 9], range: [0.5, 1.5] }, axes(1)] },
  { name: "seven elements, first axis", op: "ReduceProd", inputs: [{ shape: [7, 2], range: [0.5, 1.5] }, axes(0)] },
  {
    name: "folds int64 exactly",
    op: "ReduceProd",
    inputs: [{ shape: [2, 2], dtype: "int64", values: [3, 5, 7, 11], constant: true }, axes(0)],
    attributes: { keepdims: 0 },
    expected: [21, 55],
  },
  {
    name: "folds int32",
    op: "ReduceSum",
    inputs: [{ shape: [2, 3], dtype: "int32", values: [1, 2, 3, 4, 5, 6], constant: true }, axes(-1)],
    expected: [6, 15],
  },
  {
    name: "folds",
    op: "ReduceMax",
    inputs: [{ shape: [3], dtype: "int64", values: [-4, 9, 2], constant: true }],
    expected: [9],
  },
  {
    name: "folds",
    op: "ReduceMin",
    inputs: [{ shape: [3], dtype: "int64", values: [-4, 9, 2], constant: true }],
    expected: [-4],
  },
  { name: "int32", op: "ReduceSum", inputs: [{ shape: [2, 2], dtype: "int32", values: [1, 2, 3, 4] }], expected: [10] },

  {
    name: "first axis by default",
    op: "ArgMax",
    inputs: [{ shape: [2, 3], values: [1, 5, 2, 3, 4, 2] }],
    expected: [1, 0, 0],
  },
  {
    name: "last of several",
    op: "ArgMax",
    inputs: [{ shape: [1, 3], values: [5, 1, 5] }],
    attributes: { axis: -1, keepdims: 0, select_last_index: 1 },
    expected: [2],
  },
  {
    name: "first of several",
    op: "ArgMin",
    inputs: [{ shape: [1, 3], values: [1, 5, 1] }],
    attributes: { axis: 1, keepdims: 0 },
    expected: [0],
  },

  {
    name: "first axis",
    op: "CumSum",
    inputs: [{ shape: [3, 2] }, { shape: [], dtype: "int64", values: [0], constant: true }],
  },
  {
    name: "values",
    op: "CumSum",
    inputs: [{ shape: [4], values: [1, 2, 3, 4] }, axes(-1)],
    expected: [1, 3, 6, 10],
  },
  {
    name: "exclusive and reverse",
    op: "CumSum",
    inputs: [{ shape: [2, 4], values: [1, 2, 3, 4, 1, 1, 1, 1] }, axes(1)],
    attributes: { exclusive: 1, reverse: 1 },
    expected: [9, 7, 4, 0, 3, 2, 1, 0],
  },
  { name: "exclusive", op: "CumSum", inputs: [{ shape: [2, 3, 2] }, axes(-2)], attributes: { exclusive: 1 } },
  { name: "reverse", op: "CumSum", inputs: [{ shape: [5] }, axes(0)], attributes: { reverse: 1 } },
];

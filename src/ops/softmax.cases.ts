import type { CaseInput, OperatorCase } from "../../test/support/operator-case.ts";
import type { OpName } from "./registry.ts";

const soft: OperatorCase[] = (["Softmax", "LogSoftmax"] as const).flatMap((op): OperatorCase[] => [
  { name: "last axis", op, inputs: [{ shape: [2, 5] }] },
  { name: "first axis", op, inputs: [{ shape: [3, 2] }], attributes: { axis: 0 } },
  { name: "middle axis of three", op, inputs: [{ shape: [2, 3, 2] }], attributes: { axis: -2 } },
  { name: "one element", op, inputs: [{ shape: [2, 1] }] },
  { name: "large scores", op, inputs: [{ shape: [1, 3], values: [800, 801, 799] }] },
]);

function labels(shape: readonly number[], values: readonly number[], dtype: "int32" | "int64" = "int64"): CaseInput {
  return { shape, values, dtype };
}

const weights: CaseInput = { shape: [4], values: [0.5, 1.5, 1, 2], constant: true };

/** What both losses must survive; `range` of the first input differs. */
function losses(op: OpName, range: readonly [number, number]): OperatorCase[] {
  const flat: CaseInput = { shape: [3, 4], range };
  const deep: CaseInput = { shape: [2, 4, 3], range };
  const deepLabels = labels([2, 3], [0, 3, 1, 2, 2, 0]);
  return ["mean", "sum", "none"].flatMap((reduction): OperatorCase[] => [
    { name: reduction, op, inputs: [flat, labels([3], [1, 3, 0])], attributes: { reduction } },
    {
      name: `${reduction}, int32 labels`,
      op,
      inputs: [flat, labels([3], [1, 1, 2], "int32")],
      attributes: { reduction },
    },
    {
      name: `${reduction}, class weights`,
      op,
      inputs: [flat, labels([3], [1, 3, 0]), weights],
      attributes: { reduction },
    },
    {
      name: `${reduction}, an ignored label outside the classes`,
      op,
      inputs: [flat, labels([3], [1, -100, 0])],
      attributes: { reduction, ignore_index: -100 },
    },
    {
      name: `${reduction}, an ignored class and weights`,
      op,
      inputs: [flat, labels([3], [1, 3, 0]), weights],
      attributes: { reduction, ignore_index: 3 },
    },
    { name: `${reduction}, [N, C, D]`, op, inputs: [deep, deepLabels], attributes: { reduction } },
    {
      name: `${reduction}, [N, C, D1, D2] with weights and an ignored label`,
      op,
      inputs: [{ shape: [1, 4, 2, 2], range }, labels([1, 2, 2], [3, -1, 0, 1]), weights],
      attributes: { reduction, ignore_index: -1 },
    },
  ]);
}

export const cases: readonly OperatorCase[] = [
  ...soft,
  { name: "values", op: "Softmax", inputs: [{ shape: [2], values: [0, Math.log(3)] }], expected: [0.25, 0.75] },
  // No float64 kernel for Hardmax.
  {
    name: "first of ties",
    op: "Hardmax",
    inputs: [{ shape: [1, 3], values: [1, 2, 2] }],
    dtype: "float32",
    expected: [0, 1, 0],
  },
  {
    name: "first axis",
    op: "Hardmax",
    inputs: [{ shape: [2, 2], values: [1, 2, 3, 0] }],
    attributes: { axis: 0 },
    dtype: "float32",
    expected: [0, 1, 1, 0],
  },
  ...losses("SoftmaxCrossEntropyLoss", [-2, 2]),
  ...losses("NegativeLogLikelihoodLoss", [-3, -0.1]),
  {
    name: "log-probabilities as second output",
    op: "SoftmaxCrossEntropyLoss",
    inputs: [{ shape: [3, 4] }, labels([3], [1, 3, 0])],
    outputs: 2,
  },
  {
    name: "log-probabilities of [N, C, D], sum",
    op: "SoftmaxCrossEntropyLoss",
    inputs: [{ shape: [2, 4, 2] }, labels([2, 2], [1, 3, 0, 0])],
    attributes: { reduction: "sum" },
    outputs: 2,
  },
  {
    name: "uniform scores",
    op: "SoftmaxCrossEntropyLoss",
    inputs: [{ shape: [2, 4], values: [1, 1, 1, 1, 5, 5, 5, 5] }, labels([2], [0, 3])],
    expected: [Math.log(4)],
  },
];

import type { CaseInput, OperatorCase } from "../../test/support/operator-case.ts";

const channel: CaseInput = { shape: [3] };
const variance: CaseInput = { shape: [3], range: [0.5, 1.5] };

function batch(name: string, shape: readonly number[], attributes: OperatorCase["attributes"] = {}): OperatorCase {
  return {
    name,
    op: "BatchNormalization",
    inputs: [{ shape }, channel, channel, channel, variance],
    attributes,
    outputs: attributes.training_mode ? 3 : 1,
  };
}

export const cases: readonly OperatorCase[] = [
  batch("images", [2, 3, 2, 2]),
  batch("rows", [4, 3]),
  batch("sequences, large epsilon", [2, 3, 4], { epsilon: 0.5 }),
  batch("training on images", [2, 3, 2, 2], { training_mode: 1 }),
  batch("training on rows", [5, 3], { training_mode: 1, epsilon: 0.1, momentum: 0.5 }),
  batch("training on sequences", [2, 3, 4], { training_mode: 1, momentum: 0.99 }),

  // No float64 kernel for InstanceNormalization; epsilon keeps the differences in float32 honest.
  {
    name: "images",
    op: "InstanceNormalization",
    inputs: [{ shape: [2, 3, 2, 2], range: [-2, 2] }, channel, channel],
    attributes: { epsilon: 0.1 },
    dtype: "float32",
  },
  {
    name: "sequences",
    op: "InstanceNormalization",
    inputs: [{ shape: [2, 3, 5], range: [-2, 2] }, channel, channel],
    attributes: { epsilon: 0.2 },
    dtype: "float32",
  },

  // ONNX computes the statistics in float32 (stash_type 1), so float64 input is too coarse for differences in float64.
  {
    name: "two groups",
    op: "GroupNormalization",
    inputs: [{ shape: [2, 4, 3], range: [-2, 2] }, { shape: [4] }, { shape: [4] }],
    attributes: { num_groups: 2, epsilon: 0.1 },
    dtype: "float32",
  },
  {
    name: "one group, images",
    op: "GroupNormalization",
    inputs: [{ shape: [2, 3, 2, 2], range: [-2, 2] }, channel, channel],
    attributes: { num_groups: 1, epsilon: 0.1 },
    dtype: "float32",
  },
  {
    name: "a group per channel",
    op: "GroupNormalization",
    inputs: [{ shape: [2, 3, 4], range: [-2, 2] }, channel, channel],
    attributes: { num_groups: 3, epsilon: 0.1 },
    dtype: "float32",
  },
  {
    name: "statistics in float64",
    op: "GroupNormalization",
    inputs: [{ shape: [2, 4, 3] }, { shape: [4] }, { shape: [4] }],
    attributes: { num_groups: 2, stash_type: 11 },
  },

  // No float64 kernel for LRN.
  {
    name: "window of 3",
    op: "LRN",
    inputs: [{ shape: [2, 5, 2, 2] }],
    attributes: { size: 3, alpha: 0.5 },
    dtype: "float32",
  },
  {
    name: "window wider than the channels",
    op: "LRN",
    inputs: [{ shape: [1, 3, 2, 1] }],
    attributes: { size: 7, alpha: 1, beta: 0.5, bias: 2 },
    dtype: "float32",
  },
];

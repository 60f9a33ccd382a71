import type { CaseInput, OperatorCase } from "../../test/support/operator-case.ts";

/** Distinct numbers in no order, 0.15 apart, so that finite differences never change which is the largest; some are negative. */
const distinct = (...shape: number[]): CaseInput => {
  const count = shape.reduce((a, b) => a * b, 1);
  const stride = [7, 11, 13, 17, 19, 23].find((prime) => count % prime !== 0) as number;
  return { shape, values: Array.from({ length: count }, (_, i) => (((i * stride + 3) % count) - count / 3) * 0.15) };
};

/** ONNX Runtime's CPU build pools float32 only. */
const row = (
  op: OperatorCase["op"],
  name: string,
  input: CaseInput,
  attributes: OperatorCase["attributes"] = {},
): OperatorCase => ({
  op,
  name,
  inputs: [input],
  attributes,
  dtype: "float32",
});

const droppedWindow = "ceil_mode, a window that would begin in the padding is dropped";

/** Windows that every windowed pool is tested with. */
const windows: readonly (readonly [name: string, shape: readonly number[], attributes: OperatorCase["attributes"]])[] =
  [
    ["2×2, stride 2", [2, 2, 4, 6], { kernel_shape: [2, 2], strides: [2, 2] }],
    ["2×2, stride 2, odd lengths", [1, 2, 5, 7], { kernel_shape: [2, 2], strides: [2, 2] }],
    ["3×3, stride 2, pads", [1, 2, 6, 7], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
    ["3×2, stride 1 by default", [1, 2, 5, 4], { kernel_shape: [3, 2] }],
    ["asymmetric pads", [1, 1, 5, 6], { kernel_shape: [3, 3], strides: [2, 1], pads: [0, 2, 1, 0] }],
    ["dilation 2", [1, 2, 7, 6], { kernel_shape: [3, 2], dilations: [2, 2] }],
    [
      "dilation 2, stride 2, pads",
      [1, 1, 8, 9],
      { kernel_shape: [3, 3], dilations: [2, 2], strides: [2, 2], pads: [1, 1, 1, 1] },
    ],
    ["ceil_mode", [1, 2, 6, 7], { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1 }],
    ["ceil_mode with pads", [1, 1, 6, 7], { kernel_shape: [3, 3], strides: [2, 3], pads: [1, 1, 1, 1], ceil_mode: 1 }],
    [droppedWindow, [1, 1, 6, 8], { kernel_shape: [3, 3], strides: [2, 3], pads: [1, 1, 1, 1], ceil_mode: 1 }],
    ["stride longer than the window", [1, 2, 8, 7], { kernel_shape: [2, 2], strides: [3, 3] }],
    ["SAME_UPPER", [1, 2, 5, 6], { kernel_shape: [2, 4], auto_pad: "SAME_UPPER" }],
    ["SAME_UPPER, stride 2", [1, 2, 5, 6], { kernel_shape: [3, 3], strides: [2, 2], auto_pad: "SAME_UPPER" }],
    ["SAME_LOWER", [1, 2, 5, 6], { kernel_shape: [2, 3], strides: [1, 2], auto_pad: "SAME_LOWER" }],
    ["VALID with ceil_mode", [1, 1, 5, 6], { kernel_shape: [2, 2], strides: [2, 2], auto_pad: "VALID", ceil_mode: 1 }],
    [
      "SAME_UPPER with ceil_mode",
      [1, 1, 5, 6],
      { kernel_shape: [2, 3], strides: [2, 2], auto_pad: "SAME_UPPER", ceil_mode: 1 },
    ],
    ["VALID", [1, 2, 5, 6], { kernel_shape: [2, 3], strides: [2, 2], auto_pad: "VALID" }],
    ["1-D", [2, 3, 9], { kernel_shape: [3], strides: [2], pads: [1, 0] }],
    ["3-D", [1, 2, 4, 5, 4], { kernel_shape: [2, 3, 2], strides: [2, 1, 2], pads: [0, 1, 0, 0, 1, 0] }],
  ];

export const cases: readonly OperatorCase[] = [
  ...windows.map(([name, shape, attributes]) => row("MaxPool", name, distinct(...shape), attributes)),
  { ...row("MaxPool", "with indices", distinct(2, 2, 4, 4), { kernel_shape: [2, 2], strides: [2, 2] }), outputs: 2 },
  {
    ...row("MaxPool", "with column-major indices", distinct(1, 2, 4, 4), { kernel_shape: [3, 3], storage_order: 1 }),
    outputs: 2,
  },
  {
    ...row("MaxPool", "ties", { shape: [1, 1, 4], values: [1, 1, 0, 0] }, { kernel_shape: [2], strides: [2] }),
    expected: [1, 0],
    skipGradient: "at a kink; the gradient goes to the first of the equals, see pool.test.ts",
  },

  ...windows.map(([name, shape, attributes]) => row("AveragePool", name, { shape }, attributes)),
  ...windows
    .filter(
      ([, , attributes]) =>
        attributes?.pads !== undefined || attributes?.ceil_mode === 1 || attributes?.auto_pad !== undefined,
    )
    .map(([name, shape, attributes]) =>
      row("AveragePool", `${name}, padding counts`, { shape }, { ...attributes, count_include_pad: 1 }),
    ),
  {
    ...row(
      "AveragePool",
      "divides by what is inside",
      { shape: [1, 1, 3], values: [1, 2, 6] },
      { kernel_shape: [2], pads: [1, 0] },
    ),
    expected: [1, 1.5, 4],
  },

  ...windows
    // ONNX's shape inference, which ONNX Runtime checks the rest of the graph with, counts the dropped window; its kernel does not. So
    // nothing whose shape matters, such as this rule, can be computed from the output.
    .filter(([name]) => name !== droppedWindow)
    .map(([name, shape, attributes]) => row("LpPool", name, { shape, range: [0.5, 1.5] }, attributes)),
  row("LpPool", "p = 1, away from 0", { shape: [1, 2, 5, 4], range: [-1.5, -0.5] }, { kernel_shape: [2, 2], p: 1 }),
  row("LpPool", "p = 3", { shape: [1, 2, 5, 4], range: [0.5, 1.5] }, { kernel_shape: [2, 2], strides: [2, 2], p: 3 }),

  row("GlobalAveragePool", "2-D", { shape: [2, 3, 4, 5] }),
  row("GlobalAveragePool", "1-D", { shape: [2, 3, 4] }),
  row("GlobalAveragePool", "3-D", { shape: [1, 2, 2, 3, 2] }),
  row("GlobalMaxPool", "2-D", distinct(2, 3, 3, 4)),
  row("GlobalMaxPool", "1-D", distinct(2, 3, 5)),
  {
    ...row("GlobalMaxPool", "ties", { shape: [1, 1, 3], values: [2, 2, 1] }),
    expected: [2],
    skipGradient: "at a kink; the gradient is shared equally, see pool.test.ts",
  },
  row("GlobalLpPool", "p = 2 by default", { shape: [2, 3, 3, 4], range: [0.5, 1.5] }),
  row(
    "GlobalLpPool",
    "p = 3, signs differ",
    { shape: [1, 2, 6], values: [1, -1.2, 0.7, -0.6, 1.4, 0.9, -1, 1.2, -0.7, 0.6, -1.4, -0.9] },
    { p: 3 },
  ),
  row("GlobalLpPool", "p = 1, away from 0", { shape: [1, 2, 4], range: [0.5, 1.5] }, { p: 1 }),
];

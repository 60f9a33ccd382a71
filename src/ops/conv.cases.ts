import type { OperatorCase } from "../../test/support/operator-case.ts";

/** ONNX Runtime's CPU build has no float64 kernel for convolutions. Both derivatives are exact up to rounding. */
const row = (
  op: "Conv" | "ConvTranspose",
  name: string,
  shapes: readonly (readonly number[])[],
  attributes: OperatorCase["attributes"] = {},
): OperatorCase => ({ op, name, inputs: shapes.map((shape) => ({ shape })), attributes, dtype: "float32" });

export const cases: readonly OperatorCase[] = [
  {
    name: "is cross-correlation: the kernel is not turned round",
    op: "Conv",
    dtype: "float32",
    inputs: [
      { shape: [1, 1, 4], values: [1, 2, 3, 4] },
      { shape: [1, 1, 2], values: [1, 10] },
      { shape: [1], values: [100] },
    ],
    expected: [121, 132, 143],
  },
  row("Conv", "plain 2-D with bias", [[2, 3, 5, 6], [4, 3, 3, 3], [4]]),
  row(
    "Conv",
    "same length by pads",
    [
      [2, 3, 5, 5],
      [4, 3, 3, 3],
    ],
    { pads: [1, 1, 1, 1] },
  ),
  row("Conv", "pointwise", [[2, 3, 4, 4], [5, 3, 1, 1], [5]]),
  row(
    "Conv",
    "pointwise, stride 2",
    [
      [2, 3, 5, 4],
      [2, 3, 1, 1],
    ],
    { strides: [2, 2] },
  ),
  row("Conv", "one window over everything", [
    [2, 3, 3, 4],
    [4, 3, 3, 4],
  ]),
  row(
    "Conv",
    "stride 2, odd lengths",
    [
      [2, 2, 7, 7],
      [3, 2, 3, 3],
    ],
    { strides: [2, 2] },
  ),
  row("Conv", "stride 2, even lengths leave an element unread", [[2, 2, 8, 6], [3, 2, 3, 3], [3]], { strides: [2, 2] }),
  row(
    "Conv",
    "stride 2 with pads, even lengths",
    [
      [1, 2, 8, 8],
      [3, 2, 3, 3],
    ],
    { strides: [2, 2], pads: [1, 1, 1, 1] },
  ),
  row(
    "Conv",
    "stride 3, two elements unread",
    [
      [1, 2, 10, 9],
      [2, 2, 2, 2],
    ],
    { strides: [3, 3] },
  ),
  row(
    "Conv",
    "stride longer than the kernel",
    [
      [1, 2, 9, 8],
      [2, 2, 2, 1],
    ],
    { strides: [4, 3] },
  ),
  row(
    "Conv",
    "strides differ",
    [
      [1, 2, 7, 8],
      [2, 2, 3, 2],
    ],
    { strides: [1, 3] },
  ),
  row(
    "Conv",
    "dilation 2",
    [
      [2, 2, 7, 8],
      [3, 2, 3, 3],
    ],
    { dilations: [2, 2] },
  ),
  row(
    "Conv",
    "dilation 2, stride 2, pads",
    [
      [1, 2, 9, 8],
      [3, 2, 3, 2],
    ],
    { dilations: [2, 2], strides: [2, 2], pads: [2, 1, 2, 1] },
  ),
  row(
    "Conv",
    "dilation 3 with stride 2",
    [
      [1, 1, 12, 11],
      [2, 1, 3, 2],
    ],
    { dilations: [3, 3], strides: [2, 2] },
  ),
  row(
    "Conv",
    "asymmetric pads",
    [
      [1, 2, 5, 6],
      [2, 2, 3, 3],
    ],
    { pads: [2, 0, 1, 2] },
  ),
  row(
    "Conv",
    "asymmetric pads, stride 2",
    [
      [1, 2, 6, 7],
      [2, 2, 3, 3],
    ],
    { pads: [0, 1, 2, 0], strides: [2, 2] },
  ),
  row(
    "Conv",
    "pads beyond the kernel's reach",
    [
      [1, 2, 4, 4],
      [2, 2, 2, 2],
    ],
    { pads: [3, 2, 2, 3] },
  ),
  row(
    "Conv",
    "a window that reads padding only",
    [
      [1, 4, 1],
      [4, 2, 2],
    ],
    { strides: [3], pads: [3, 0], group: 2 },
  ),
  row("Conv", "two groups", [[2, 4, 5, 5], [6, 2, 3, 3], [6]], { group: 2, pads: [1, 1, 1, 1] }),
  row("Conv", "two groups of six filters", [[1, 2, 4, 4], [12, 1, 2, 2], [12]], { group: 2 }),
  row("Conv", "six channels to four filters", [[2, 6, 4, 4], [4, 6, 3, 3], [4]], { pads: [1, 1, 1, 1] }),
  row("Conv", "six samples, whose weights' gradient has six channels", [
    [6, 2, 4, 4],
    [4, 2, 3, 3],
  ]),
  row(
    "Conv",
    "nine channels, 1×1, stride 2",
    [
      [1, 9, 4, 4],
      [4, 9, 1, 1],
    ],
    { strides: [2, 2] },
  ),
  row("Conv", "1-D, six channels to four filters", [
    [2, 6, 6],
    [4, 6, 3],
  ]),
  row(
    "Conv",
    "two groups, stride 2, dilation 2",
    [
      [2, 4, 9, 10],
      [4, 2, 3, 3],
    ],
    { group: 2, strides: [2, 2], dilations: [2, 2] },
  ),
  row("Conv", "depthwise", [[2, 3, 5, 5], [3, 1, 3, 3], [3]], { group: 3, pads: [1, 1, 1, 1] }),
  row(
    "Conv",
    "depthwise, two filters per channel, stride 2",
    [
      [2, 3, 6, 6],
      [6, 1, 3, 3],
    ],
    { group: 3, strides: [2, 2], pads: [1, 1, 1, 1] },
  ),
  row(
    "Conv",
    "SAME_UPPER, even kernel",
    [
      [1, 2, 5, 6],
      [2, 2, 2, 4],
    ],
    { auto_pad: "SAME_UPPER" },
  ),
  row(
    "Conv",
    "SAME_LOWER, even kernel",
    [
      [1, 2, 5, 6],
      [2, 2, 2, 4],
    ],
    { auto_pad: "SAME_LOWER" },
  ),
  row(
    "Conv",
    "SAME_UPPER, stride 2",
    [
      [1, 2, 5, 6],
      [2, 2, 3, 3],
    ],
    { auto_pad: "SAME_UPPER", strides: [2, 2] },
  ),
  row(
    "Conv",
    "SAME_LOWER, stride 2",
    [
      [1, 2, 6, 7],
      [2, 2, 3, 3],
    ],
    { auto_pad: "SAME_LOWER", strides: [2, 2] },
  ),
  row(
    "Conv",
    "VALID",
    [
      [1, 2, 6, 7],
      [2, 2, 3, 3],
    ],
    { auto_pad: "VALID", strides: [2, 1] },
  ),
  row(
    "Conv",
    "kernel_shape given",
    [
      [1, 2, 4, 4],
      [2, 2, 2, 3],
    ],
    { kernel_shape: [2, 3] },
  ),
  row("Conv", "1-D", [[2, 3, 8], [4, 3, 3], [4]], { pads: [1, 1] }),
  row(
    "Conv",
    "1-D causal, dilation 2",
    [
      [2, 2, 6],
      [2, 2, 3],
    ],
    { pads: [4, 0], dilations: [2] },
  ),
  row("Conv", "1-D groups, stride 3", [[2, 4, 11], [4, 2, 4], [4]], { group: 2, strides: [3], pads: [1, 2] }),
  row("Conv", "3-D", [[1, 2, 4, 5, 4], [3, 2, 2, 3, 2], [3]], { pads: [0, 1, 1, 1, 1, 0] }),
  row(
    "Conv",
    "3-D, stride 2, groups",
    [
      [2, 4, 5, 6, 5],
      [4, 2, 2, 2, 3],
    ],
    { group: 2, strides: [2, 2, 2], pads: [1, 0, 1, 0, 1, 1] },
  ),

  {
    name: "each element adds a kernel",
    op: "ConvTranspose",
    dtype: "float32",
    inputs: [
      { shape: [1, 1, 3], values: [1, 2, 3] },
      { shape: [1, 1, 2], values: [1, 10] },
    ],
    expected: [1, 12, 23, 30],
  },
  row("ConvTranspose", "plain 2-D with bias", [[2, 3, 4, 5], [3, 2, 3, 3], [2]]),
  row(
    "ConvTranspose",
    "pads",
    [
      [2, 3, 4, 5],
      [3, 2, 3, 3],
    ],
    { pads: [1, 1, 1, 1] },
  ),
  row(
    "ConvTranspose",
    "stride 2",
    [
      [1, 2, 3, 4],
      [2, 3, 3, 3],
    ],
    { strides: [2, 2] },
  ),
  row("ConvTranspose", "doubling: stride 2, output_padding 1", [[1, 2, 3, 4], [2, 3, 3, 3], [3]], {
    strides: [2, 2],
    pads: [1, 1, 1, 1],
    output_padding: [1, 1],
  }),
  row(
    "ConvTranspose",
    "output_padding on one axis, stride 3",
    [
      [1, 2, 3, 2],
      [2, 2, 2, 2],
    ],
    { strides: [3, 3], output_padding: [2, 0] },
  ),
  row(
    "ConvTranspose",
    "dilation 2",
    [
      [1, 2, 4, 3],
      [2, 2, 3, 2],
    ],
    { dilations: [2, 2] },
  ),
  row(
    "ConvTranspose",
    "dilation 2, stride 2, asymmetric pads",
    [
      [1, 2, 4, 3],
      [2, 2, 3, 2],
    ],
    { dilations: [2, 2], strides: [2, 2], pads: [1, 0, 2, 1] },
  ),
  row("ConvTranspose", "two groups", [[2, 4, 3, 3], [4, 3, 3, 3], [6]], { group: 2, strides: [2, 2] }),
  row(
    "ConvTranspose",
    "depthwise",
    [
      [2, 3, 3, 4],
      [3, 1, 3, 3],
    ],
    { group: 3, pads: [1, 1, 1, 1] },
  ),
  row(
    "ConvTranspose",
    "kernel shorter than the stride",
    [
      [1, 2, 3, 3],
      [2, 2, 1, 2],
    ],
    { strides: [3, 3] },
  ),
  row(
    "ConvTranspose",
    "output_shape, odd total pads",
    [
      [1, 2, 3, 4],
      [2, 2, 3, 3],
    ],
    { strides: [2, 2], output_shape: [6, 8] },
  ),
  row(
    "ConvTranspose",
    "output_shape, SAME_UPPER",
    [
      [1, 2, 3, 4],
      [2, 2, 3, 3],
    ],
    { strides: [2, 2], output_shape: [6, 8], auto_pad: "SAME_UPPER" },
  ),
  row("ConvTranspose", "output_shape beyond the natural one", [[1, 2, 3, 3], [2, 2, 2, 2], [2]], {
    strides: [2, 3],
    output_shape: [7, 10],
  }),
  row(
    "ConvTranspose",
    "SAME_UPPER",
    [
      [1, 2, 3, 4],
      [2, 2, 3, 4],
    ],
    { strides: [2, 2], auto_pad: "SAME_UPPER" },
  ),
  row(
    "ConvTranspose",
    "SAME_LOWER",
    [
      [1, 2, 3, 4],
      [2, 2, 3, 4],
    ],
    { strides: [2, 2], auto_pad: "SAME_LOWER" },
  ),
  row(
    "ConvTranspose",
    "VALID",
    [
      [1, 2, 3, 4],
      [2, 2, 3, 3],
    ],
    { auto_pad: "VALID" },
  ),
  row("ConvTranspose", "1-D, stride 2", [[2, 3, 5], [3, 2, 4], [2]], { strides: [2], pads: [1, 1] }),
  row(
    "ConvTranspose",
    "1-D groups",
    [
      [2, 4, 5],
      [4, 2, 3],
    ],
    { group: 2 },
  ),
  row("ConvTranspose", "3-D, stride 2", [[1, 2, 2, 3, 2], [2, 2, 2, 2, 3], [2]], {
    strides: [2, 2, 2],
    pads: [0, 1, 0, 1, 0, 1],
  }),
];

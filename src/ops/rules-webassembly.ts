/**
 * How ONNX Runtime's WebAssembly build wants a graph written: as the CPU's, whose kernels it has. Measured beside the graph as it is,
 * medians of fifteen interleaved runs of loss and gradients on one and two threads: GPT 0.95 and 0.94, a CNN of 5×5 kernels 0.46 and 0.45. Its shape inference (1.30)
 * differs in two places.
 */

import type { Value } from "../graph/graph.ts";
import { unreadBy } from "./_convolve.ts";
import { pad } from "./_place.ts";
import { resizeByProducts } from "./_resize.ts";
import { type ResizeAttributes, resizedAxes } from "./_resize-geometry.ts";
import { type WindowAttributes, windowsOf } from "./_window.ts";
import { keyOf, type OpName, rawAttributes } from "./registry.ts";
import type { Rule, Rules } from "./rule.ts";
import { cpuLowering } from "./rules-cpu.ts";

/**
 * A pool with `ceil_mode`: this build keeps a last window that would begin in the padding, where ONNX drops it. The padding that the windows
 * need is written out instead; what an average counts is padded before.
 */
const paddedPool: Rule = ({ g, node, inputs, attributes }) => {
  const x = inputs[0] as Value;
  if (attributes.ceil_mode !== 1 || attributes.auto_pad !== "NOTSET") return undefined;
  const lengths = x.shape.slice(2);
  const kernel = attributes.kernel_shape as readonly number[];
  const windows = windowsOf(node.op, lengths, kernel, attributes as unknown as WindowAttributes);
  const counts = (node.outputs[0] as Value).shape.slice(2);
  const past = windows.map((window, i) => -unreadBy(window, lengths[i] as number, counts[i] as number));
  if (past.every((count) => count >= 0)) return undefined; // none is dropped: elements would be left over
  const extra = past.map((count) => Math.max(count, 0));
  const counted = attributes.count_include_pad === 1;
  const begins = windows.map(({ begin }) => begin);
  const ends = windows.map(({ end }) => end);
  const source = counted ? pad(g, x, [0, 0, ...begins], [0, 0, ...ends]) : x;
  const pads = counted
    ? [...begins.map(() => 0), ...extra]
    : [...begins, ...ends.map((end, i) => end + (extra[i] as number))];
  const raw = { ...rawAttributes(node.attributes), ceil_mode: 0, pads, ...(counted && { count_include_pad: 0 }) };
  return g.ops(keyOf(node.op, node.domain) as OpName, [source], raw, node.outputs.length);
};

/** Resize by a scale whose product with the length is a whole number but for rounding: this build may round it down. */
const exactResize: Rule = ({ g, inputs, attributes }) => {
  const options = attributes as unknown as ResizeAttributes;
  const axes = resizedAxes("Resize", inputs, options);
  const isClose = axes.some(({ length, scale, resized }) => {
    const product = length * scale;
    return product !== resized && Math.abs(product - resized) < 1e-4;
  });
  const { coordinate_transformation_mode: mode } = options;
  if (!isClose || mode === "tf_crop_and_resize") return undefined;
  return [resizeByProducts(g, inputs[0] as Value, axes, options)];
};

/** How ONNX Runtime's WebAssembly build wants a graph written. */
export const wasmLowering: Rules = {
  ...cpuLowering,
  AveragePool: [paddedPool],
  MaxPool: [paddedPool],
  Resize: [exactResize],
};

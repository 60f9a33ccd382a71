/** Convolutions and pools on ONNX Runtime's WebGPU provider (1.30). */

import type { Value } from "../graph/graph.ts";
import { sizeOf, stridesOf } from "../tensor/shape.ts";
import { filled, tensor } from "../tensor/tensor.ts";
import { castTo } from "./_composed.ts";
import { spread, unreadBy } from "./_convolve.ts";
import { formula } from "./_formula.ts";
import { reshape, zeros } from "./_gradient.ts";
import { constantInts } from "./_infer.ts";
import { flip, pad, place } from "./_place.ts";
import { type TransposedAttributes, transposedWindows } from "./_transposed-windows.ts";
import { widestFloat } from "./_webgpu.ts";
import { outputLength, reachOf, type Window, type WindowAttributes, windowsOf } from "./_window.ts";
import type { Builder } from "./operator.ts";
import { rawAttributes } from "./registry.ts";
import type { Match, Rule, Rules } from "./rule.ts";

/** Parts of an axis, each as long as the others. */
function parts(g: Builder, value: Value, axis: number, count: number): Value[] {
  const length = (value.shape[axis] as number) / count;
  return Array.from({ length: count }, (_, i) =>
    g.op("Slice", [value, g.ints([i * length]), g.ints([(i + 1) * length]), g.ints([axis])]),
  );
}

/**
 * Groups: with three axes the kernel fails; where a group has more than four filters, and not a multiple of four, its vectors of four reach into
 * the next group and the result is wrong. Each group is then a Conv of its own.
 */
const groupByGroup: Rule = ({ g, node, inputs, attributes }) => {
  const [x, w, bias] = inputs as [Value, Value, (Value | null)?];
  const group = attributes.group as number;
  const filters = (w.shape[0] as number) / group;
  const reachesOver = filters > 4 && filters % 4 !== 0;
  if (group === 1 || (x.shape.length !== 5 && !reachesOver)) return undefined;
  const [images, kernels] = [parts(g, x, 1, group), parts(g, w, 0, group)];
  const biases = bias ? parts(g, bias, 0, group) : [];
  const raw = { ...rawAttributes(node.attributes), group: 1 };
  const results = images.map((image, i) =>
    g.op("Conv", [image, kernels[i] as Value, ...(bias ? [biases[i] as Value] : [])], raw),
  );
  return [g.op("Concat", results, { axis: 1 })];
};

/**
 * A Conv on one or two axes whose channels three divides, and not four, more than three of them, to a multiple of four filters: its kernel takes them in
 * vectors of three and reads the wrong ones. Channels of zeros make them a multiple of four.
 */
const channelsInFours: Rule = ({ g, node, inputs, attributes }) => {
  const [x, w, ...rest] = inputs as [Value, Value, ...(Value | null)[]];
  const channels = x.shape[1] as number;
  const isWrong = channels > 3 && channels % 3 === 0 && channels % 4 !== 0 && (w.shape[0] as number) % 4 === 0;
  if (!isWrong || attributes.group !== 1 || x.shape.length > 4) return undefined;
  const ends = (value: Value): number[] => value.shape.map((_, axis) => (axis === 1 ? 4 - (channels % 4) : 0));
  const widened = (value: Value): Value =>
    pad(
      g,
      value,
      value.shape.map(() => 0),
      ends(value),
    );
  return [g.op("Conv", [widened(x), widened(w), ...rest], rawAttributes(node.attributes))];
};

/**
 * ConvTranspose with three axes, for which there is no kernel, or in groups, for which it is wrong where a group has more than one channel:
 * zeros between the elements, then a Conv with the kernel turned round.
 */
const transposedByConv: Rule = ({ g, node, inputs, attributes }) => {
  const [x, w, bias] = inputs as [Value, Value, (Value | null)?];
  const group = attributes.group as number;
  if (x.shape.length < 5 && group === 1) return undefined;
  const { shape } = node.outputs[0] as Value;
  const [batch, channels, ...lengths] = x.shape as [number, number, ...number[]];
  const [, filters, ...kernel] = w.shape as [number, number, ...number[]];
  const { windows } = transposedWindows(
    "ConvTranspose",
    lengths,
    kernel,
    attributes as unknown as TransposedAttributes,
  );
  const spans = [batch, channels].map((length) => ({ start: 0, step: 1, length }));
  for (const [i, window] of windows.entries())
    spans.push({ start: reachOf(window) - 1 - window.begin, step: window.stride, length: lengths[i] as number });
  const padded = windows.map((window, i) => (shape[i + 2] as number) + reachOf(window) - 1);
  const stretched = place(g, x, spans, [batch, channels, ...padded]);
  // [G·C/G, M/G, K…] → [G·M/G, C/G, K…]
  const each = channels / group;
  const split = reshape(g, w, [group, each, filters, ...kernel]);
  const axes = kernel.map((_, i) => i + 2);
  const turned = g.op("Transpose", [split], { perm: [0, 2, 1, ...axes.map((axis) => axis + 1)] });
  const kernels = flip(g, reshape(g, turned, [group * filters, each, ...kernel]), axes);
  const dilations = windows.map(({ dilation }) => dilation);
  return [g.op("Conv", [stretched, kernels, ...(bias ? [bias] : [])], { group, dilations })];
};

/** The elements that each tap of the windows reads, with the place of that element in its image; outside the image `outside`. */
function tapsOf(match: Match, outside: number): { readonly tap: Value; readonly position: Value }[] {
  const { g, node, inputs, attributes } = match;
  const x = inputs[0] as Value;
  const [, , ...lengths] = x.shape;
  const [, , ...counts] = (node.outputs[0] as Value).shape;
  const kernel = attributes.kernel_shape as readonly number[];
  const windows = windowsOf("MaxPool", lengths, kernel, attributes as unknown as WindowAttributes);
  const ends = windows.map((window, i) => {
    const past = unreadBy({ ...window, end: 0 }, lengths[i] as number, counts[i] as number);
    return Math.max(-past, 0);
  });
  const isPadded = [...windows.map(({ begin }) => begin), ...ends].some((count) => count > 0);
  const pads = g.ints([0, 0, ...windows.map(({ begin }) => begin), 0, 0, ...ends]);
  const padded = isPadded ? g.op("Pad", [x, pads, g.scalar(outside, x.dtype)]) : x;
  const axes = windows.map((_, i) => i + 2);
  return indicesOf(kernel).map((tap) => {
    const starts = tap.map((k, i) => k * (windows[i] as Window).dilation);
    const steps = windows.map(({ stride }) => stride);
    const stops = starts.map((start, i) => start + ((counts[i] as number) - 1) * (steps[i] as number) + 1);
    const read = g.op("Slice", [padded, g.ints(starts), g.ints(stops), g.ints(axes), g.ints(steps)]);
    return {
      tap: read,
      position: g.constant(tensor("int32", counts, positions(tap, windows, lengths, counts, attributes))),
    };
  });
}

/** Every index into a shape, the last axis fastest. */
function indicesOf(shape: readonly number[]): number[][] {
  const strides = stridesOf(shape);
  return Array.from({ length: sizeOf(shape) }, (_, i) =>
    shape.map((length, axis) => Math.floor(i / (strides[axis] as number)) % length),
  );
}

function positions(
  tap: readonly number[],
  windows: readonly Window[],
  lengths: readonly number[],
  counts: readonly number[],
  attributes: Readonly<Record<string, unknown>>,
): number[] {
  const byColumn = attributes.storage_order === 1;
  const strides = byColumn ? stridesOf(lengths.toReversed()).toReversed() : stridesOf(lengths);
  return indicesOf(counts).map((output) =>
    output.reduce((sum, o, i) => {
      const { stride, begin, dilation } = windows[i] as Window;
      return sum + (o * stride - begin + (tap[i] as number) * dilation) * (strides[i] as number);
    }, 0),
  );
}

/** MaxPool whose indices are wanted, for which the kernel fails: the taps of the windows compared one after the other. The first of equals wins. */
const maxWithIndices: Rule = (match) => {
  const { g, node, inputs } = match;
  const x = inputs[0] as Value;
  if ((node.outputs[1] ?? null) === null) return undefined;
  const [first, ...rest] = tapsOf(match, -widestFloat(x.dtype)) as [Tap, ...Tap[]];
  let best = first.tap;
  let place = g.op("Expand", [first.position, g.ints(best.shape)]);
  for (const { tap, position } of rest) {
    place = g.op("Where", [g.op("Greater", [tap, best]), position, place]);
    best = g.op("Max", [best, tap]);
  }
  const [batch, channels, ...lengths] = x.shape as [number, number, ...number[]];
  const size = sizeOf(lengths);
  const images = Array.from({ length: batch * channels }, (_, i) => i * size);
  const start = g.constant(tensor("int32", [batch, channels, ...lengths.map(() => 1)], images));
  // Flat before it becomes int64: the engine moves the Transpose behind a Conv that far, and has no kernel for one of int64.
  const flat = g.op("Reshape", [g.op("Add", [place, start]), g.ints([sizeOf(best.shape)])]);
  return [best, reshape(g, castTo(g, flat, "int64"), best.shape)];
};

type Tap = ReturnType<typeof tapsOf>[number];

/** MaxUnpool: the indices are all different, so writing is enough. */
const unpoolByScatter: Rule = ({ g, node, inputs }) => {
  const [x, indices] = inputs as [Value, Value];
  const { shape } = node.outputs[0] as Value;
  const count = sizeOf(x.shape);
  const flat = zeros(g, { dtype: x.dtype, shape: [sizeOf(shape)] });
  const placed = g.op("ScatterElements", [flat, reshape(g, indices, [count]), reshape(g, x, [count])], { axis: 0 });
  return [reshape(g, placed, shape)];
};

/** (Σ |x|^p)^(1/p) of each window: the sum is a Conv of each channel with ones. */
const lpPool: Rule = ({ g, node, inputs, attributes }) => {
  const x = inputs[0] as Value;
  const { shape } = node.outputs[0] as Value;
  const [batch, channels, ...lengths] = x.shape as [number, number, ...number[]];
  const kernel = attributes.kernel_shape as readonly number[];
  const p = attributes.p as number;
  const f = formula(g, x.dtype);
  const windows = windowsOf("LpPool", lengths, kernel, attributes as unknown as WindowAttributes);
  const ends = windows.map(
    (window, i) => -unreadBy({ ...window, end: 0 }, lengths[i] as number, shape[i + 2] as number),
  );
  const size = f("Abs", x);
  const powers = p === 1 ? size : p === 2 ? f("Mul", x, x) : f("Pow", size, p);
  const images = reshape(g, powers, [batch * channels, 1, ...lengths]);
  const padded = pad(g, images, [0, 0, ...windows.map(({ begin }) => begin)], [0, 0, ...ends]);
  const sums = g.op("Conv", [padded, g.constant(filled(x.dtype, [1, 1, ...kernel], 1))], {
    strides: windows.map(({ stride }) => stride),
    dilations: windows.map(({ dilation }) => dilation),
  });
  const norm = p === 1 ? sums : p === 2 ? f("Sqrt", sums) : f("Pow", sums, 1 / p);
  return [reshape(g, norm, shape)];
};

const globalLpPool: Rule = ({ g, inputs, attributes }) => {
  const x = inputs[0] as Value;
  const p = attributes.p as number;
  const axes = g.ints(x.shape.slice(2).map((_, i) => i + 2));
  if (p === 1 || p === 2) return [g.op(p === 1 ? "ReduceL1" : "ReduceL2", [x, axes])];
  const f = formula(g, x.dtype);
  return [f("Pow", g.op("ReduceSum", [f("Pow", f("Abs", x), p), axes]), 1 / p)];
};

/** Columns of window elements added up: the ConvTranspose whose kernels each place one element. */
const columnsToImage: Rule = ({ g, node, inputs, attributes }) => {
  const [x, , kernelShape] = inputs as [Value, Value, Value];
  const { shape } = node.outputs[0] as Value;
  const [batch, channels, ...lengths] = shape as [number, number, ...number[]];
  const kernel = constantInts("Col2Im", kernelShape);
  const given = { auto_pad: "NOTSET", ...attributes } as unknown as WindowAttributes;
  const windows = windowsOf("Col2Im", lengths, kernel, given);
  const counts = windows.map((window, i) => outputLength("Col2Im", lengths[i] as number, window));
  const elements = sizeOf(kernel);
  const identity = Array.from({ length: elements * elements }, (_, i) => Number(i % (elements + 1) === 0));
  const w = g.constant(tensor(x.dtype, [elements, 1, ...kernel], identity));
  const columns = reshape(g, x, [batch * channels, elements, ...counts]);
  return [reshape(g, spread(g, columns, w, windows, 1, lengths), shape)];
};

/** Convolutions and pools. */
export const webgpuConvolve: Rules = {
  Col2Im: [columnsToImage],
  Conv: [groupByGroup, channelsInFours],
  ConvTranspose: [transposedByConv],
  GlobalLpPool: [globalLpPool],
  LpPool: [lpPool],
  MaxPool: [maxWithIndices],
  MaxUnpool: [unpoolByScatter],
};

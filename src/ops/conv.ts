/**
 * Convolutions over any number of spatial axes, and their gradients as convolutions.
 *
 * A Conv's three tensors are x [N, C, I…], w [M, C/G, K…] and y [N, M, O…]; a ConvTranspose has the same three with x and
 * y swapped, so that the rules of `_convolve.ts` serve both. (N batch, C input channels, M output channels, G groups, K kernel, I
 * and O lengths.)
 */

import type { Value } from "../graph/graph.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import { correlate, geometryOf, spread, unreadBy } from "./_convolve.ts";
import { upstreamOf } from "./_gradient.ts";
import { failShape, requireSameDType } from "./_infer.ts";
import {
  listsOf,
  outputLength,
  reachOf,
  type Window,
  type WindowAttributes,
  windowAttributes,
  windowsOf,
} from "./_window.ts";
import { type Builder, int, type Operator, optional } from "./operator.ts";

interface ConvAttributes extends WindowAttributes {
  group: number;
  kernel_shape: readonly number[] | null;
}

function checkKernel(op: string, kernel: Shape, given: readonly number[] | null): void {
  if (given !== null && formatShape(given) !== formatShape(kernel))
    failShape(op, "use kernel_shape", `got ${formatShape(given)}`, `the weight has ${formatShape(kernel)}`);
}

function checkBias(op: string, bias: Value | null | undefined, channels: number): void {
  if (bias && formatShape(bias.shape) !== formatShape([channels]))
    failShape(op, "add bias", `got ${formatShape(bias.shape)}`, `must be [${channels}], one number per output channel`);
}

/** Cross-correlation, as all of deep learning calls convolution. */
export const Conv: Operator<ConvAttributes> = {
  since: 11,
  inputs: [2, 3],
  attributes: { ...windowAttributes, group: int(1), kernel_shape: optional("ints") },
  infer: ({ op, inputs, attributes }) => {
    const [x, w, bias] = inputs as [Value, Value, (Value | null)?];
    requireSameDType(op, bias ? [x, w, bias] : [x, w]);
    const { group } = attributes;
    const [batch, channels, ...spatial] = x.shape as [number, number, ...number[]];
    const [filters, depth, ...kernel] = w.shape as [number, number, ...number[]];
    if (
      x.shape.length < 3 ||
      w.shape.length !== x.shape.length ||
      group < 1 ||
      depth * group !== channels ||
      filters % group !== 0
    )
      failShape(
        op,
        `apply weight ${formatShape(w.shape)} (MCK) to input ${formatShape(x.shape)} (NCI)`,
        `got group ${group}`,
        `weight must be [a multiple of ${group}, ${channels / group}, kernel of ${spatial.length} axes]`,
      );
    checkKernel(op, kernel, attributes.kernel_shape);
    checkBias(op, bias, filters);
    const windows = windowsOf(op, spatial, kernel, attributes);
    return [
      {
        dtype: x.dtype,
        shape: [batch, filters, ...spatial.map((length, i) => outputLength(op, length, windows[i] as Window))],
      },
    ];
  },
  gradient: (context) => {
    const { g, needs, attributes } = context;
    const [x, w] = context.inputs as [Value, Value];
    const dy = upstreamOf(context);
    const windows = windowsOf("Conv", x.shape.slice(2), w.shape.slice(2), attributes);
    return [
      needs[0] ? spread(g, dy, w, windows, attributes.group, x.shape.slice(2)) : null,
      needs[1] ? correlate(g, x, dy, windows, attributes.group) : null,
      needs[2] ? sumPerChannel(g, dy) : null,
    ];
  },
};

interface ConvTransposeAttributes extends ConvAttributes {
  output_padding: readonly number[] | null;
  output_shape: readonly number[] | null;
}

/** Windows of the Conv of which this is the transpose, and the lengths that it reads: the output's. */
function transposedWindows(
  op: string,
  spatial: Shape,
  kernel: Shape,
  attributes: ConvTransposeAttributes,
): { windows: Window[]; lengths: number[] } {
  const ndim = spatial.length;
  const { strides, dilations, pads } = listsOf(op, ndim, attributes);
  const extra = attributes.output_padding ?? spatial.map(() => 0);
  // Older files write output_shape with batch and channels in front.
  const wanted = attributes.output_shape?.slice(-ndim);
  if (extra.length !== ndim || extra.some((count, i) => count < 0 || count >= (strides[i] as number)))
    failShape(
      op,
      "use output_padding",
      `got ${formatShape(extra)}`,
      "needs one number per spatial axis, less than its stride",
    );
  if (wanted && wanted.length !== ndim)
    failShape(op, "use output_shape", `got ${formatShape(wanted)}`, `needs ${ndim} lengths`);
  const lengths: number[] = [];
  const windows = spatial.map((length, axis): Window => {
    const base = {
      kernel: kernel[axis] as number,
      stride: strides[axis] as number,
      dilation: dilations[axis] as number,
    };
    const whole = (length - 1) * base.stride + (extra[axis] as number) + reachOf(base);
    const same = attributes.auto_pad.startsWith("SAME") ? length * base.stride : undefined;
    const target = wanted?.[axis] ?? same;
    let [begin, end] = attributes.auto_pad === "NOTSET" ? [pads[axis] as number, pads[ndim + axis] as number] : [0, 0];
    if (target !== undefined) {
      const total = Math.max(0, whole - target);
      const less = Math.floor(total / 2);
      [begin, end] = attributes.auto_pad === "SAME_UPPER" ? [less, total - less] : [total - less, less];
    }
    const window = { ...base, begin, end };
    const output = wanted?.[axis] ?? whole - begin - end;
    const unread = unreadBy(window, output, length);
    if (wanted && (unread < 0 || unread >= base.stride))
      failShape(
        op,
        "use output_shape",
        `got ${output} for axis ${axis + 2}`,
        `a Conv over it would not give back ${length}`,
      );
    lengths.push(output);
    return window;
  });
  return { windows, lengths };
}

/** The adjoint of Conv in its input: each input element adds a kernel to the output. */
export const ConvTranspose: Operator<ConvTransposeAttributes> = {
  since: 11,
  inputs: [2, 3],
  attributes: {
    ...windowAttributes,
    group: int(1),
    kernel_shape: optional("ints"),
    output_padding: optional("ints"),
    output_shape: optional("ints"),
  },
  infer: ({ op, inputs, attributes }) => {
    const [x, w, bias] = inputs as [Value, Value, (Value | null)?];
    requireSameDType(op, bias ? [x, w, bias] : [x, w]);
    const { group } = attributes;
    const [batch, channels, ...spatial] = x.shape as [number, number, ...number[]];
    const [depth, filters, ...kernel] = w.shape as [number, number, ...number[]];
    if (
      x.shape.length < 3 ||
      w.shape.length !== x.shape.length ||
      group < 1 ||
      depth !== channels ||
      channels % group !== 0
    )
      failShape(
        op,
        `apply weight ${formatShape(w.shape)} (CMK) to input ${formatShape(x.shape)} (NCI)`,
        `got group ${group}`,
        `weight must be [${channels}, any, kernel of ${spatial.length} axes], and the group divide the channels`,
      );
    checkKernel(op, kernel, attributes.kernel_shape);
    checkBias(op, bias, filters * group);
    const { lengths } = transposedWindows(op, spatial, kernel, attributes);
    if (lengths.some((length) => length < 1))
      failShape(
        op,
        `transpose over ${formatShape(spatial)}`,
        `the output would be ${formatShape(lengths)}`,
        "pads must leave something",
      );
    return [{ dtype: x.dtype, shape: [batch, filters * group, ...lengths] }];
  },
  gradient: (context) => {
    const { g, needs, attributes } = context;
    const [x, w] = context.inputs as [Value, Value];
    const dy = upstreamOf(context);
    const { windows } = transposedWindows("ConvTranspose", x.shape.slice(2), w.shape.slice(2), attributes);
    return [
      needs[0] ? g.op("Conv", [dy, w], { ...geometryOf(windows), group: attributes.group }) : null,
      needs[1] ? correlate(g, dy, x, windows, attributes.group) : null,
      needs[2] ? sumPerChannel(g, dy) : null,
    ];
  },
};

function sumPerChannel(g: Builder, value: Value): Value {
  const axes = value.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  return g.op("ReduceSum", [value, g.ints(axes)], { keepdims: 0 });
}

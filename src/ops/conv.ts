/**
 * Convolutions over any number of spatial axes, and their gradients as convolutions.
 *
 * A Conv's three tensors are x [N, C, I…], w [M, C/G, K…] and y [N, M, O…]; a ConvTranspose has the same three with x and
 * y swapped, so that the rules of `_convolve.ts` serve both. (N batch, C input channels, M output channels, G groups, K kernel, I
 * and O lengths.)
 */

import type { Value } from "../graph/graph.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import { correlate, geometryOf, spread } from "./_convolve.ts";
import { upstreamOf } from "./_gradient.ts";
import { failShape, requireSameDType } from "./_infer.ts";
import { type TransposedAttributes, transposedWindows } from "./_transposed-windows.ts";
import { wideSum } from "./_wide-sum.ts";
import { outputLength, type Window, type WindowAttributes, windowAttributes, windowsOf } from "./_window.ts";
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

interface ConvTransposeAttributes extends ConvAttributes, TransposedAttributes {}

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
  return wideSum(g, value, axes);
}

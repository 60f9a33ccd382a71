/** Operators that cut tensors along axes and join them. */

import type { Value } from "../graph/graph.ts";
import { formatShape, normalizeAxis, sameShape, stridesOf } from "../tensor/shape.ts";
import { numbersOf, type Tensor } from "../tensor/tensor.ts";
import { concatenated, isPlain, strided } from "./_fold-shape.ts";
import { upstreamOf, zeros } from "./_gradient.ts";
import { constantInts, failShape, inputOf, requireSameDType } from "./_infer.ts";
import { crop, flip, pad, place } from "./_place.ts";
import { spansOf } from "./_spans.ts";
import { type Builder, int, type Operator, optional, string } from "./operator.ts";

interface ConcatAttributes {
  axis: number;
}

/** Joins tensors along an axis; the gradient cuts the pieces out again. */
export const Concat: Operator<ConcatAttributes> = {
  since: 13,
  inputs: [1, Infinity],
  attributes: { axis: int() },
  infer: ({ op, inputs, attributes }) => {
    const values = inputs.filter((value) => value !== null);
    const { dtype, shape } = values[0] as Value;
    requireSameDType(op, values);
    const axis = normalizeAxis(op, attributes.axis, shape.length);
    for (const value of values)
      if (value.shape.length !== shape.length || !sameShape(value.shape.with(axis, 0), shape.with(axis, 0)))
        failShape(
          op,
          `join along axis ${axis}`,
          `got ${values.map((v) => formatShape(v.shape)).join(" and ")}`,
          "all other axes must be equal",
        );
    const length = values.reduce((sum, value) => sum + (value.shape[axis] as number), 0);
    return [{ dtype, shape: shape.with(axis, length) }];
  },
  gradient: (context) => {
    const { g, needs } = context;
    const values = context.inputs as readonly Value[];
    const dy = upstreamOf(context);
    const axis = normalizeAxis("Concat", context.attributes.axis, dy.shape.length);
    const lengths = values.map((value) => value.shape[axis] as number);
    if (needs.every(Boolean)) return g.ops("Split", [dy, g.ints(lengths)], { axis }, lengths.length);
    let start = 0;
    return lengths.map((length, i) => {
      const from = start;
      start += length;
      return needs[i]
        ? crop(
            g,
            dy,
            dy.shape.map((_, a) => (a === axis ? from : 0)),
            dy.shape.with(axis, start),
          )
        : null;
    });
  },
  fold: (inputs, attributes) => {
    const values = inputs as readonly Tensor[];
    if (!values.every(isPlain)) return undefined;
    return [concatenated(values, normalizeAxis("Concat", attributes.axis, (values[0] as Tensor).shape.length))];
  },
};

interface SplitAttributes {
  axis: number;
  num_outputs: number | null;
}

/**
 * Cuts a tensor into pieces along an axis: of the lengths in the constant second input, or `num_outputs` equal ones (the last may
 * be shorter). All pieces must be asked for, as ONNX Runtime demands.
 */
export const Split: Operator<SplitAttributes> = {
  since: 18,
  inputs: [1, 2],
  outputs: [1, Infinity],
  attributes: { axis: int(0), num_outputs: optional("int") },
  infer: ({ op, inputs, attributes, outputCount }) => {
    const [x, split] = inputs as [Value, Value?];
    const axis = normalizeAxis(op, attributes.axis, x.shape.length);
    const total = x.shape[axis] as number;
    const { num_outputs } = attributes;
    if (Boolean(split) === (num_outputs !== null))
      failShape(
        op,
        `split ${formatShape(x.shape)}`,
        split ? "got both" : "got neither",
        "needs either a split input or num_outputs",
      );
    const lengths = split ? constantInts(op, split) : equalLengths(total, num_outputs as number);
    if (lengths.some((length) => length < 0) || lengths.reduce((a, b) => a + b, 0) !== total)
      failShape(
        op,
        `split axis ${axis} of ${formatShape(x.shape)}`,
        `got lengths ${formatShape(lengths)}`,
        `they must add up to ${total}`,
      );
    if (lengths.length !== outputCount)
      failShape(op, `make ${lengths.length} pieces`, `got ${outputCount} outputs`, "there must be one for each piece");
    return lengths.map((length) => ({ dtype: x.dtype, shape: x.shape.with(axis, length) }));
  },
  fold: ([x, split], { axis: written, num_outputs }) => {
    const { shape } = x as Tensor;
    if (!isPlain(x as Tensor)) return undefined;
    const axis = normalizeAxis("Split", written, shape.length);
    const lengths = split ? numbersOf(split) : equalLengths(shape[axis] as number, num_outputs as number);
    const strides = stridesOf(shape);
    let start = 0;
    return lengths.map((length) => {
      const piece = strided(x as Tensor, shape.with(axis, length), strides, start * (strides[axis] as number));
      start += length;
      return piece;
    });
  },
  gradient: ({ g, outputs, attributes, upstream }) => {
    // All outputs were inferred, so a missing upstream still has a shape to be zeros of.
    const pieces = upstream.map((dy, i) => dy ?? zeros(g, outputs[i] as Value));
    return [g.op("Concat", pieces, { axis: attributes.axis }), null];
  },
};

function equalLengths(total: number, count: number): number[] {
  const length = Math.ceil(total / count);
  return Array.from({ length: count }, (_, i) => (i < count - 1 ? length : total - length * (count - 1)));
}

/** Starts, ends, axes and steps are constant inputs. dx holds dy at the positions read, zeros elsewhere. */
export const Slice: Operator = {
  since: 13,
  inputs: [3, 5],
  attributes: {},
  infer: ({ op, inputs }) => {
    const [x, ...lists] = inputs as [Value, ...(Value | null)[]];
    const spans = spansOf(
      x.shape,
      lists.map((list) => (list ? constantInts(op, list) : undefined)),
    );
    return [{ dtype: x.dtype, shape: spans.map((span) => span.length) }];
  },
  gradient: ({ g, inputs, upstream }) => {
    const [x, ...lists] = inputs as [Value, ...(Value | null)[]];
    const spans = spansOf(
      x.shape,
      lists.map((list) => (list ? constantInts("Slice", list) : undefined)),
    );
    return [place(g, upstream[0] as Value, spans, x.shape)];
  },
  fold: (inputs) => {
    const [x, ...lists] = inputs as [Tensor, ...(Tensor | null)[]];
    if (!isPlain(x)) return undefined;
    const spans = spansOf(
      x.shape,
      lists.map((list) => (list ? numbersOf(list) : undefined)),
    );
    const strides = stridesOf(x.shape);
    const offset = spans.reduce((sum, { start }, axis) => sum + start * (strides[axis] as number), 0);
    return [
      strided(
        x,
        spans.map((span) => span.length),
        spans.map(({ step }, axis) => step * (strides[axis] as number)),
        offset,
      ),
    ];
  },
};

interface PadAttributes {
  mode: string;
}

/** How many elements to add before and after each axis; negative numbers crop. */
function padCounts(op: string, inputs: readonly (Value | null)[]): { begins: number[]; ends: number[] } {
  const [x, pads, , axesInput] = inputs as [Value, Value, (Value | null)?, (Value | null)?];
  const counts = constantInts(op, pads);
  const ndim = x.shape.length;
  const axes = axesInput
    ? constantInts(op, axesInput).map((axis) => normalizeAxis(op, axis, ndim))
    : x.shape.map((_, axis) => axis);
  if (counts.length !== 2 * axes.length)
    failShape(
      op,
      `pad ${formatShape(x.shape)}`,
      `got pads ${formatShape(counts)}`,
      `needs ${2 * axes.length}: all begins, then all ends`,
    );
  const begins = x.shape.map(() => 0);
  const ends = x.shape.map(() => 0);
  for (const [i, axis] of axes.entries()) {
    begins[axis] = counts[i] as number;
    ends[axis] = counts[axes.length + i] as number;
  }
  return { begins, ends };
}

const padModes: readonly string[] = ["constant", "reflect", "edge", "wrap"];

/**
 * Adds elements at the ends of axes: a constant, or copies by `mode`. The gradient adds what went to the copies back to where they
 * came from.
 */
export const Pad: Operator<PadAttributes> = {
  since: 21,
  inputs: [2, 4],
  settings: [2],
  attributes: { mode: string("constant") },
  infer: (context) => {
    const { op, inputs } = context;
    const { mode } = context.attributes;
    const { dtype, shape } = inputOf(context, 0);
    const { begins, ends } = padCounts(op, inputs);
    if (!padModes.includes(mode)) failShape(op, "use mode", `got "${mode}"`, `must be one of ${padModes.join(", ")}`);
    for (const [axis, length] of shape.entries()) {
      const [begin, end] = [begins[axis] as number, ends[axis] as number];
      const kept = length + Math.min(begin, 0) + Math.min(end, 0);
      // Copies come from one pass over what is kept; edge repeats one element, which must exist.
      const most = { reflect: kept - 1, wrap: kept || -1, edge: kept === 0 ? -1 : Infinity }[mode] ?? Infinity;
      if (kept < 0 || Math.max(begin, end, 0) > most)
        failShape(
          op,
          `pad axis ${axis} of ${formatShape(shape)} (${mode})`,
          `got ${begin} and ${end}`,
          "the axis is too short for that",
        );
    }
    return [{ dtype, shape: shape.map((length, axis) => length + (begins[axis] as number) + (ends[axis] as number)) }];
  },
  gradient: (context) => {
    const { g, inputs, attributes, needs } = context;
    const x = inputs[0] as Value;
    const { begins, ends } = padCounts("Pad", inputs);
    const dy = upstreamOf(context);
    const negative = (counts: readonly number[]): number[] => counts.map((count) => -count);
    if (attributes.mode === "constant") {
      const dx = needs[0] || needs[2] ? pad(g, dy, negative(begins), negative(ends)) : null;
      // What did not go to x went to the constant.
      const dvalue = needs[2] ? g.op("Sub", [total(g, dy), total(g, dx as Value)]) : null;
      const value = inputs[2];
      return [dx, null, dvalue && value?.shape.length === 1 ? g.op("Reshape", [dvalue, g.ints([1])]) : dvalue, null];
    }
    // Cropping (negative counts) comes before copying, so its zeros come last here.
    const copied = dy.shape.reduce((gradient, _, axis) => {
      const [begin, end] = [Math.max(begins[axis] as number, 0), Math.max(ends[axis] as number, 0)];
      return begin === 0 && end === 0 ? gradient : copyBack(g, gradient, attributes.mode, axis, begin, end);
    }, dy);
    const cropped = (counts: readonly number[]): number[] => counts.map((count) => Math.max(-count, 0));
    return [x.shape.length === 0 ? dy : pad(g, copied, cropped(begins), cropped(ends)), null];
  },
};

function total(g: Builder, value: Value): Value {
  return g.op("ReduceSum", [value], { keepdims: 0 });
}

/** Adjoint of padding one axis with copies. */
function copyBack(g: Builder, dy: Value, mode: string, axis: number, begin: number, end: number): Value {
  const padded = dy.shape[axis] as number;
  const length = padded - begin - end;
  const along = (count: number): number[] => dy.shape.map((_, a) => (a === axis ? count : 0));
  const cut = (from: number, to: number): Value => crop(g, dy, along(from), dy.shape.with(axis, to));
  const parts = [cut(begin, begin + length)];
  // The copies of one side, of which the first was made from input element `start`.
  const add = (copies: Value, start: number): void => {
    parts.push(pad(g, copies, along(start), along(length - start - (copies.shape[axis] as number))));
  };
  const sumUp = (copies: Value): Value => g.op("ReduceSum", [copies, g.ints([axis])], { keepdims: 1 });
  if (begin > 0) {
    const copies = cut(0, begin);
    if (mode === "reflect") add(flip(g, copies, [axis]), 1);
    else if (mode === "wrap") add(copies, length - begin);
    else add(sumUp(copies), 0);
  }
  if (end > 0) {
    const copies = cut(begin + length, padded);
    if (mode === "reflect") add(flip(g, copies, [axis]), length - 1 - end);
    else if (mode === "wrap") add(copies, 0);
    else add(sumUp(copies), length - 1);
  }
  return parts.reduce((sum, part) => g.op("Add", [sum, part]));
}

interface ReverseSequenceAttributes {
  batch_axis: number;
  time_axis: number;
}

/** Reverses the first `lengths[b]` steps of each sequence of the batch. It is its own inverse, and so its own gradient. */
export const ReverseSequence: Operator<ReverseSequenceAttributes> = {
  since: 10,
  inputs: [2, 2],
  attributes: { batch_axis: int(1), time_axis: int(0) },
  infer: ({ op, inputs, attributes }) => {
    const [x, lengths] = inputs as [Value, Value];
    const { batch_axis: batch, time_axis: time } = attributes;
    if (x.shape.length < 2 || batch + time !== 1 || batch * time !== 0)
      failShape(
        op,
        `reverse ${formatShape(x.shape)}`,
        `got batch axis ${batch} and time axis ${time}`,
        "must be the first two axes",
      );
    if (!sameShape(lengths.shape, [x.shape[batch] as number]))
      failShape(
        op,
        `reverse ${formatShape(x.shape)}`,
        `got lengths ${formatShape(lengths.shape)}`,
        "needs one length per sequence",
      );
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient: ({ g, inputs, attributes, upstream }) => [
    g.op("ReverseSequence", [upstream[0] as Value, inputs[1] as Value], { ...attributes }),
    null,
  ],
};

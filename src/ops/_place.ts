/** Strided slices and their adjoint, which gradients of slices, convolutions and pools share. */

import type { Value } from "../graph/graph.ts";
import { type Shape, sameShape, sizeOf } from "../tensor/shape.ts";
import { reshape, zeros } from "./_gradient.ts";
import type { Builder } from "./operator.ts";

/** A strided slice of a tensor, one entry per axis: `length` elements from `start`, `step` apart. */
export interface Span {
  readonly start: number;
  readonly step: number;
  readonly length: number;
}

/**
 * The adjoint of a strided slice: a tensor of `shape` that is `value` at the positions of `spans` and 0 elsewhere.
 * Made of Slice (to turn negative steps round), Reshape and Pad only, so that it runs everywhere and has a gradient.
 *
 * @shape value [..., spans[i].length] → shape
 */
export function place(g: Builder, value: Value, spans: readonly Span[], shape: Shape): Value {
  if (sizeOf(value.shape) === 0) return zeros(g, { dtype: value.dtype, shape });
  const flipped = spans.flatMap((span, axis) => (span.step < 0 && span.length > 1 ? [axis] : []));
  const upright = flip(g, value, flipped);
  const starts = spans.map(({ start, step, length }) => (step < 0 ? start + (length - 1) * step : start));
  const steps = spans.map(({ step, length }) => (length > 1 ? Math.abs(step) : 1));
  const stretched = stretch(g, upright, steps);
  const ends = starts.map((start, axis) => (shape[axis] as number) - start - (stretched.shape[axis] as number));
  return pad(g, stretched, starts, ends);
}

/** Reverses the given axes. */
export function flip(g: Builder, value: Value, axes: readonly number[]): Value {
  const turned = axes.filter((axis) => value.shape[axis] !== 1);
  if (turned.length === 0) return value;
  return g.op("Slice", [
    value,
    g.ints(turned.map(() => -1)),
    g.ints(turned.map((axis) => -(value.shape[axis] as number) - 1)),
    g.ints(turned),
    g.ints(turned.map(() => -1)),
  ]);
}

/** Puts `factors[axis] − 1` zeros after each element of each axis. */
function stretch(g: Builder, value: Value, factors: readonly number[]): Value {
  if (factors.every((factor) => factor === 1)) return value;
  const split: number[] = [];
  const ends: number[] = [];
  for (const [axis, length] of value.shape.entries()) {
    const factor = factors[axis] as number;
    split.push(length);
    ends.push(0);
    if (factor === 1) continue;
    split.push(1);
    ends.push(factor - 1);
  }
  const padded = pad(
    g,
    reshape(g, value, split),
    ends.map(() => 0),
    ends,
  );
  return reshape(
    g,
    padded,
    value.shape.map((length, axis) => length * (factors[axis] as number)),
  );
}

/** Pads with zeros at both ends of each axis; negative numbers crop. Nothing if all are 0. */
export function pad(g: Builder, value: Value, begins: readonly number[], ends: readonly number[]): Value {
  const all = [...begins, ...ends];
  if (all.every((count) => count === 0)) return value;
  if (all.every((count) => count <= 0))
    return crop(
      g,
      value,
      begins.map((count) => -count),
      value.shape.map((length, axis) => length + (ends[axis] as number)),
    );
  const isShort = value.shape.some(
    (length, axis) => length + Math.min(begins[axis] as number, 0) + Math.min(ends[axis] as number, 0) < 0,
  );
  if (!isShort) return g.op("Pad", [value, g.ints(all)]);
  // What is cut off at one end is there only once the other is padded.
  const grown = (counts: readonly number[]): number[] => counts.map((count) => Math.max(count, 0));
  const cut = (counts: readonly number[]): number[] => counts.map((count) => Math.min(count, 0));
  return pad(g, pad(g, value, grown(begins), grown(ends)), cut(begins), cut(ends));
}

/** The elements [starts, ends) of each axis. Nothing if that is all of them. */
export function crop(g: Builder, value: Value, starts: readonly number[], ends: readonly number[]): Value {
  const shape = ends.map((end, axis) => end - (starts[axis] as number));
  if (sameShape(shape, value.shape)) return value;
  const axes = value.shape.flatMap((length, axis) => (shape[axis] === length ? [] : [axis]));
  const at = (list: readonly number[]): Value => g.ints(axes.map((axis) => list[axis] as number));
  return g.op("Slice", [value, at(starts), at(ends), g.ints(axes)]);
}

/** Boxes (hyper-rectangles) of arrays in C order, and the chunks of a regular grid that they meet. */

import type { TypedArray } from "../../tensor/dtype.ts";
import { type Shape, sizeOf, stridesOf } from "../../tensor/shape.ts";

/** An array with its shape. */
export interface Block {
  readonly data: TypedArray;
  readonly shape: Shape;
}

/** The first position of a shape. */
export function origin(shape: Shape): Shape {
  return shape.map(() => 0);
}

/**
 * Copies a box from one array to another. `width` is the elements of an item: 2 for complex numbers.
 *
 * @param box - Lengths of the box.
 */
export function copyBox(source: Block, from: Shape, target: Block, to: Shape, box: Shape, width = 1): void {
  if (sizeOf(box) === 0) return;
  const [sourceStrides, targetStrides] = [stridesOf(source.shape), stridesOf(target.shape)];
  const run = (box.at(-1) ?? 1) * width;
  const outer = box.slice(0, -1);
  const dot = (strides: readonly number[], at: Shape): number =>
    at.reduce((sum, position, axis) => sum + position * (strides[axis] as number), 0) * width;
  let sourceAt = dot(sourceStrides, from);
  let targetAt = dot(targetStrides, to);
  const position = outer.map(() => 0);
  for (;;) {
    target.data.set(source.data.subarray(sourceAt, sourceAt + run) as never, targetAt);
    let axis = outer.length - 1;
    for (; axis >= 0; axis--) {
      const [down, across] = [(sourceStrides[axis] as number) * width, (targetStrides[axis] as number) * width];
      position[axis] = (position[axis] as number) + 1;
      sourceAt += down;
      targetAt += across;
      if ((position[axis] as number) < (outer[axis] as number)) break;
      sourceAt -= down * (outer[axis] as number);
      targetAt -= across * (outer[axis] as number);
      position[axis] = 0;
    }
    if (axis < 0) return;
  }
}

/** A chunk that a box meets. */
export interface Overlap {
  /** Which chunk, along each axis. */
  readonly chunk: Shape;
  /** Where the common box begins inside of the chunk, and inside of the box asked for, and its lengths. */
  readonly inChunk: Shape;
  readonly inBox: Shape;
  readonly lengths: Shape;
}

/** The chunks that the box from `from` to `to` meets, in C order. */
export function* overlaps(chunkShape: Shape, from: Shape, to: Shape): Generator<Overlap> {
  if (from.some((start, axis) => start >= (to[axis] as number))) return;
  const first = from.map((start, axis) => Math.floor(start / (chunkShape[axis] as number)));
  const last = to.map((end, axis) => Math.floor((end - 1) / (chunkShape[axis] as number)));
  const chunk = [...first];
  for (;;) {
    const starts = chunk.map((index, axis) => index * (chunkShape[axis] as number));
    const common = starts.map((start, axis) => Math.max(start, from[axis] as number));
    yield {
      chunk: [...chunk],
      inChunk: common.map((start, axis) => start - (starts[axis] as number)),
      inBox: common.map((start, axis) => start - (from[axis] as number)),
      lengths: common.map(
        (start, axis) => Math.min((starts[axis] as number) + (chunkShape[axis] as number), to[axis] as number) - start,
      ),
    };
    let axis = chunk.length - 1;
    for (; axis >= 0; axis--) {
      if ((chunk[axis] as number) < (last[axis] as number)) {
        chunk[axis] = (chunk[axis] as number) + 1;
        break;
      }
      chunk[axis] = first[axis] as number;
    }
    if (axis < 0) return;
  }
}

/**
 * Puts the axes of an array into another order: axis `i` of the result is axis `order[i]` of the array.
 *
 * @param width - Elements of an item.
 */
export function transpose({ data, shape }: Block, order: readonly number[], width = 1): Block {
  const strides = stridesOf(shape);
  const result = data.slice();
  const axes = order.map((axis) => shape[axis] as number);
  const steps = order.map((axis) => (strides[axis] as number) * width);
  const position = axes.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; ) {
    for (let part = 0; part < width; part++) result[to++] = data[from + part] as never;
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      position[axis] = (position[axis] as number) + 1;
      from += steps[axis] as number;
      if ((position[axis] as number) < (axes[axis] as number)) break;
      from -= (steps[axis] as number) * (axes[axis] as number);
      position[axis] = 0;
    }
  }
  return { data: result, shape: axes };
}

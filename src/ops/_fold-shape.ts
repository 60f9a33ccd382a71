/** Moving elements of small constants on the host: what `fold` of the shape and gather families is made of. */

import { arrayTypeOf } from "../tensor/dtype.ts";
import { type Shape, sizeOf, stridesOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Folding that makes more elements out of fewer stops here, so that a graph's file does not swell. */
const maxExpandedElements = 1024;

/** True if `shape` is small enough to be written out as a constant, although its input was smaller. */
export function isSmall(shape: Shape): boolean {
  return sizeOf(shape) <= maxExpandedElements;
}

/** True if one element of the tensor is one element of its array: not packed 4-bit numbers, complex pairs or strings. */
export function isPlain(value: Tensor): boolean {
  const { dtype } = value;
  return dtype !== "int4" && dtype !== "uint4" && dtype !== "string" && !dtype.startsWith("complex");
}

/** The same elements under another shape. */
export function reshaped(value: Tensor, shape: Shape): Tensor {
  return { dtype: value.dtype, shape, data: value.data };
}

/**
 * A tensor whose element at index `i` is the source's at `offset + Σ i·strides`: slices, transposes and broadcasts are
 * all this with other strides.
 */
export function strided(source: Tensor, shape: Shape, strides: readonly number[], offset = 0): Tensor {
  const Array = arrayTypeOf(source.dtype);
  const data = new Array(sizeOf(shape));
  const index: number[] = shape.map(() => 0);
  let position = offset;
  for (let i = 0; i < data.length; i++) {
    data[i] = source.data[position] as never;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const step = strides[axis] as number;
      index[axis] = (index[axis] as number) + 1;
      position += step;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      position -= step * (shape[axis] as number);
      index[axis] = 0;
    }
  }
  return { dtype: source.dtype, shape, data };
}

/** Joins tensors along an axis. */
export function concatenated(values: readonly Tensor[], axis: number): Tensor {
  const first = values[0] as Tensor;
  const length = values.reduce((sum, value) => sum + (value.shape[axis] as number), 0);
  const shape = first.shape.with(axis, length);
  const Array = arrayTypeOf(first.dtype);
  const data = new Array(sizeOf(shape));
  const outer = sizeOf(shape.slice(0, axis));
  let position = 0;
  for (let i = 0; i < outer; i++)
    for (const value of values) {
      const chunk = sizeOf(value.shape.slice(axis));
      for (let j = 0; j < chunk; j++) data[position++] = value.data[i * chunk + j] as never;
    }
  return { dtype: first.dtype, shape, data };
}

/** Strides with which `shape` reads as if it were broadcast to `target`: 0 along broadcast axes. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const strides = stridesOf(shape);
  const extra = target.length - shape.length;
  return target.map((_, axis) => (axis < extra || shape[axis - extra] === 1 ? 0 : (strides[axis - extra] as number)));
}

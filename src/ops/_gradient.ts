/** Pieces that many gradient rules share. */

import type { Value } from "../graph/graph.ts";
import { type Shape, sameShape } from "../tensor/shape.ts";
import { wideSum } from "./_wide-sum.ts";
import type { Builder } from "./operator.ts";

/** Sums a gradient over the axes along which `shape` was broadcast, so that it fits the input again. */
export function unbroadcast(g: Builder, gradient: Value, shape: Shape): Value {
  if (sameShape(gradient.shape, shape)) return gradient;
  const extra = gradient.shape.length - shape.length;
  const axes: number[] = [];
  for (const [axis, length] of gradient.shape.entries())
    if (axis < extra || (shape[axis - extra] === 1 && length !== 1)) axes.push(axis);
  const summed = axes.length === 0 ? gradient : wideSum(g, gradient, axes);
  return reshape(g, summed, shape);
}

/** Reshape to a static shape; nothing if it is that already. */
export function reshape(g: Builder, value: Value, shape: Shape): Value {
  if (sameShape(value.shape, shape)) return value;
  // Without allowzero, a length of 0 would copy the input's.
  return g.op("Reshape", [value, g.ints(shape)], shape.includes(0) ? { allowzero: 1 } : {});
}

/** Zeros of a static shape, as one broadcast scalar constant. */
export function zeros(g: Builder, like: Pick<Value, "dtype" | "shape">): Value {
  return g.op("Expand", [g.scalar(0, like.dtype), g.ints(like.shape)]);
}

/** Upstream gradient of the first output; rules are only called when some output has one. */
export function upstreamOf(context: { readonly upstream: readonly (Value | null)[] }, index = 0): Value {
  return context.upstream[index] as Value;
}

import type { Value } from "../graph/graph.ts";
import type { Builder } from "../ops/operator.ts";
import { type Shape, sameShape } from "../tensor/shape.ts";

/** Reshape to a static shape; nothing if it is that already. */
export function reshape(g: Builder, value: Value, shape: Shape): Value {
  return sameShape(value.shape, shape) ? value : g.op("Reshape", [value, g.ints(shape)]);
}

import type { Value } from "../graph/graph.ts";
import { sizeOf } from "../tensor/shape.ts";
import { failInput, requireThat } from "./_check.ts";
import { reshape } from "./_reshape.ts";
import { type Layer, layer } from "./layer.ts";

/**
 * Makes one axis of all axes from `start` on: what stands between convolutions and a linear layer.
 *
 * @shape x [batch, ...] → [batch, product of the others]
 * @param start - First axis to take in, at least 0.
 * @throws RangeError if `start` is not an integer of at least 0. ShapeError when applied to an input without that axis.
 */
export function flatten(start = 1): Layer {
  requireThat(Number.isInteger(start) && start >= 0, "flatten", "start", start, "must be an integer of at least 0");
  return layer({}, (_, x: Value, scope) => {
    if (x.shape.length <= start) failInput("flatten", scope, x, `must have more than ${start} axes`);
    return reshape(scope.g, x, [...x.shape.slice(0, start), sizeOf(x.shape.slice(start))]);
  });
}

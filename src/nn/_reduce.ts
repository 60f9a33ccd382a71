/** What losses share: the last step from one number per element to the result, and checks of their inputs. */

import { explain, ShapeError } from "../base/errors.ts";
import type { Value } from "../graph/graph.ts";
import type { Builder } from "../ops/operator.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { requireThat } from "./_check.ts";

/** What a loss makes of the losses of its elements. */
export type Reduction = "mean" | "sum" | "none";

/** Throws RangeError unless the value is a {@link Reduction}. */
export function requireReduction(api: string, reduction: Reduction): void {
  requireThat(
    ["mean", "sum", "none"].includes(reduction),
    api,
    "reduction",
    `"${reduction}"`,
    "must be mean, sum or none",
  );
}

/** Mean, sum or the losses themselves. */
export function reduce(api: string, g: Builder, losses: Value, reduction: Reduction = "mean"): Value {
  requireReduction(api, reduction);
  if (reduction === "none") return losses;
  return g.op(reduction === "mean" ? "ReduceMean" : "ReduceSum", [losses], { keepdims: 0 });
}

/** Throws ShapeError unless both values have the same shape and dtype: broadcasting a target is nearly always a mistake. */
export function requireAlike(api: string, prediction: Value, target: Value): void {
  if (sameShape(prediction.shape, target.shape) && prediction.dtype === target.dtype) return;
  failLoss(api, prediction, target, "both must have the same dtype and shape");
}

/** Throws the ShapeError for a pair of inputs that a loss cannot compare. */
export function failLoss(api: string, prediction: Value, target: Value, rule: string): never {
  const show = (value: Value) => `${value.dtype} ${formatShape(value.shape)}`;
  throw new ShapeError(
    explain({ api, action: "compare", received: `got ${show(prediction)} and ${show(target)}`, rule }),
  );
}

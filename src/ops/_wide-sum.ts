/** Sums of 16-bit floats. */

import type { Value } from "../graph/graph.ts";
import { onnxTypeOf } from "../tensor/dtype.ts";
import type { Builder } from "./operator.ts";

/**
 * Sum along axes, which go away; of 16-bit floats in float32. A gradient is summed over every sample and position of a batch, where a
 * float16 accumulator would run full: at 2048 it no longer sees a 1.
 *
 * @source Micikevicius et al., "Mixed Precision Training", 2018, https://arxiv.org/abs/1710.03740, section 3.3: reductions are carried
 * out in float32.
 */
export function wideSum(g: Builder, value: Value, axes: readonly number[]): Value {
  const sum = (of: Value): Value => g.op("ReduceSum", [of, g.ints(axes)], { keepdims: 0 });
  if (value.dtype !== "float16" && value.dtype !== "bfloat16") return sum(value);
  const wide = g.op("Cast", [value], { to: onnxTypeOf("float32") });
  return g.op("Cast", [sum(wide)], { to: onnxTypeOf(value.dtype) });
}

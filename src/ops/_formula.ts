/** A short way to write formulas in gradient rules, and the masks that piecewise rules multiply with. */

import type { Value } from "../graph/graph.ts";
import { type DType, onnxTypeOf } from "../tensor/dtype.ts";
import type { Builder } from "./operator.ts";
import type { OpName } from "./registry.ts";

/** Applies an operator without attributes; numbers become scalar constants, `null` is an absent optional input. */
export type Formula = (op: OpName, ...operands: readonly (Value | number | null)[]) => Value;

/** Makes a {@link Formula} whose numbers have `dtype`: `f("Mul", dy, f("Sub", 1, y))` is dy·(1 − y). */
export function formula(g: Builder, dtype: DType): Formula {
  return (op, ...operands) =>
    g.op(
      op,
      operands.map((operand) => (typeof operand === "number" ? g.scalar(operand, dtype) : operand)),
    );
}

/** 1 where the condition holds and 0 elsewhere. Multiplying with it is several times faster on CPU than `Where`. */
export function maskOf(g: Builder, condition: Value, dtype: DType): Value {
  return g.op("Cast", [condition], { to: onnxTypeOf(dtype) });
}

/** Mask of the elements of `x` in [low, high]; a `null` bound is open. Bounds are scalars or numbers. */
export function insideMask(g: Builder, x: Value, low: Value | number | null, high: Value | number | null): Value {
  const f = formula(g, x.dtype);
  return maskOf(g, f("Equal", x, f("Clip", x, low, high)), x.dtype);
}

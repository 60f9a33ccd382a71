/** Pieces that many `infer` functions share. */

import { explain, GraphError, ShapeError } from "../base/errors.ts";
import type { Signature, Value } from "../graph/graph.ts";
import type { DType } from "../tensor/dtype.ts";
import { broadcastShapes, formatShape } from "../tensor/shape.ts";
import { numbersOf } from "../tensor/tensor.ts";
import type { InferContext } from "./operator.ts";

/** The input at `index`, which the operator's arity already guarantees. */
export function inputOf(context: Pick<InferContext<unknown>, "inputs">, index: number): Value {
  return context.inputs[index] as Value;
}

/** Same dtype and shape as the first input. */
export function sameAsFirst(context: InferContext<unknown>): Signature[] {
  const { dtype, shape } = inputOf(context, 0);
  return [{ dtype, shape }];
}

/** Broadcasts all inputs, which must share one dtype; the output has `dtype` if given, else theirs. */
export function broadcastAll(context: InferContext<unknown>, dtype?: DType): Signature[] {
  const values = context.inputs.filter((value) => value !== null);
  requireSameDType(context.op, values);
  const shape = broadcastShapes(context.op, ...values.map((value) => value.shape));
  return [{ dtype: dtype ?? (values[0] as Value).dtype, shape }];
}

/** Throws GraphError unless all values have one dtype. */
export function requireSameDType(op: string, values: readonly Value[]): void {
  const [first, ...rest] = values;
  for (const value of rest)
    if (value.dtype !== first?.dtype)
      throw new GraphError(
        explain({
          api: op,
          action: "combine inputs",
          received: `got ${values.map((v) => `"${v.name}" ${v.dtype} ${formatShape(v.shape)}`).join(" and ")}`,
          rule: "dtypes must be equal",
        }),
      );
}

/** Throws GraphError unless the value has one of the dtypes. */
export function requireDType(op: string, value: Value, dtypes: readonly DType[]): void {
  if (!dtypes.includes(value.dtype))
    throw new GraphError(
      explain({
        api: op,
        action: `take input "${value.name}"`,
        received: `got ${value.dtype} ${formatShape(value.shape)}`,
        rule: `dtype must be ${dtypes.join(", ")}`,
      }),
    );
}

/** Throws ShapeError with the operator's name: `fail("Gemm", "multiply a and b", "got …", "…")`. */
export function failShape(op: string, action: string, received: string, rule: string): never {
  throw new ShapeError(explain({ api: op, action, received, rule }));
}

/**
 * The elements of an input that decides a shape (axes, starts, a target shape).
 *
 * @throws GraphError if the value is not a constant.
 */
export function constantInts(op: string, value: Value): number[] {
  if (value.constant === undefined)
    throw new GraphError(
      explain({
        api: op,
        action: `read input "${value.name}"`,
        received: "its value is only known at run time",
        rule: "it decides a shape, so it must be constant",
        hint: "bind dynamic dimensions when importing, so that shape arithmetic folds",
      }),
    );
  return numbersOf(value.constant);
}

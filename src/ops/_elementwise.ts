/** What the element-by-element families share: dtype groups and the row of a one-input function. */

import type { Value } from "../graph/graph.ts";
import type { DType } from "../tensor/dtype.ts";
import { type Formula, formula } from "./_formula.ts";
import { upstreamOf } from "./_gradient.ts";
import { inputOf, requireDType, sameAsFirst } from "./_infer.ts";
import type { Builder, Operator } from "./operator.ts";

/** dtypes of functions of a real number. */
export const floats: readonly DType[] = ["float16", "bfloat16", "float32", "float64"];

const signedIntegers: readonly DType[] = ["int8", "int16", "int32", "int64"];

/** dtypes that have a negative. */
export const signed: readonly DType[] = [...floats, ...signedIntegers];

/** dtypes of arithmetic. */
export const numbers: readonly DType[] = [...signed, "uint8", "uint16", "uint32", "uint64"];

/** What the rule of a one-input function sees: y = op(x), dy the gradient of the loss with respect to y. */
export interface UnaryContext<A> {
  readonly g: Builder;
  /** Formulas with numbers of the dtype of `x`. */
  readonly f: Formula;
  readonly x: Value;
  readonly y: Value;
  readonly dy: Value;
  readonly attributes: A;
}

type Fields<A> = Operator<A>["attributes"];

/**
 * A row for a function of one tensor, element by element.
 *
 * @param since - See {@link Operator.since}.
 * @param dtypes - dtypes it takes.
 * @param rule - Gradient of x, or `"none"`.
 * @param attributes - Its attributes; absent: it has none.
 */
export function unary<A = Record<string, never>>(
  since: number,
  dtypes: readonly DType[],
  rule: ((context: UnaryContext<A>) => Value) | "none",
  attributes: Fields<A> = {} as Fields<A>,
): Operator<A> {
  return {
    since,
    inputs: [1, 1],
    attributes,
    infer: (context) => {
      requireDType(context.op, inputOf(context, 0), dtypes);
      return sameAsFirst(context);
    },
    gradient:
      rule === "none"
        ? "none"
        : (context) => {
            if (!context.needs[0]) return [null];
            const [x, y] = [inputOf(context, 0), context.outputs[0] as Value];
            const { g, attributes } = context;
            return [rule({ g, f: formula(g, x.dtype), x, y, dy: upstreamOf(context), attributes })];
          },
  };
}

/** Comparisons, logic, selection and conversion between dtypes, element by element. */

import { explain, GraphError } from "../base/errors.ts";
import type { Value } from "../graph/graph.ts";
import { type DType, dtypeOfOnnx, isFloat, onnxTypeOf } from "../tensor/dtype.ts";
import { broadcastShapes } from "../tensor/shape.ts";
import { floats, numbers } from "./_elementwise.ts";
import { type Element, foldCast, foldMap, foldTest } from "./_fold.ts";
import { maskOf } from "./_formula.ts";
import { unbroadcast, upstreamOf } from "./_gradient.ts";
import { broadcastAll, inputOf, requireDType, requireSameDType } from "./_infer.ts";
import { type GradientContext, int, type Operator } from "./operator.ts";

const comparable: readonly DType[] = [...numbers, "bool", "string"];

/** A row for a test of two broadcast tensors. */
function test(since: number, dtypes: readonly DType[], holds: (a: Element, b: Element) => boolean): Operator {
  return {
    since,
    inputs: [2, 2],
    attributes: {},
    infer: (context) => {
      requireDType(context.op, inputOf(context, 0), dtypes);
      return broadcastAll(context, "bool");
    },
    gradient: "none",
    fold: foldTest(holds as (...x: Element[]) => boolean),
  };
}

/** a = b. */
export const Equal: Operator = test(19, comparable, (a, b) => a === b);
/** a > b. */
export const Greater: Operator = test(13, numbers, (a, b) => a > b);
/** a ≥ b. */
export const GreaterOrEqual: Operator = test(16, numbers, (a, b) => a >= b);
/** a < b. */
export const Less: Operator = test(13, numbers, (a, b) => a < b);
/** a ≤ b. */
export const LessOrEqual: Operator = test(16, numbers, (a, b) => a <= b);
/** Both. */
export const And: Operator = test(7, ["bool"], (a, b) => Boolean(a) && Boolean(b));
/** One or both. */
export const Or: Operator = test(7, ["bool"], (a, b) => Boolean(a) || Boolean(b));
/** One but not both. */
export const Xor: Operator = test(7, ["bool"], (a, b) => Boolean(a) !== Boolean(b));

/** Negation of a bool. */
export const Not: Operator = {
  since: 1,
  inputs: [1, 1],
  attributes: {},
  infer: (context) => {
    requireDType(context.op, inputOf(context, 0), ["bool"]);
    return [{ dtype: "bool", shape: inputOf(context, 0).shape }];
  },
  gradient: "none",
  fold: foldTest((x) => !x),
};

/** True where x is not a number. */
export const IsNaN: Operator = {
  since: 20,
  inputs: [1, 1],
  attributes: {},
  infer: (context) => {
    requireDType(context.op, inputOf(context, 0), floats);
    return [{ dtype: "bool", shape: inputOf(context, 0).shape }];
  },
  gradient: "none",
};

/** True where x is infinite; the attributes choose the signs. */
export const IsInf: Operator<{ detect_negative: number; detect_positive: number }> = {
  since: 20,
  inputs: [1, 1],
  attributes: { detect_negative: int(1), detect_positive: int(1) },
  infer: (context) => {
    requireDType(context.op, inputOf(context, 0), floats);
    return [{ dtype: "bool", shape: inputOf(context, 0).shape }];
  },
  gradient: "none",
};

/** x where the condition holds, else y. Slow on CPU: where both branches are finite, multiply with a mask instead. */
export const Where: Operator = {
  since: 16,
  inputs: [3, 3],
  attributes: {},
  infer: (context) => {
    const [condition, x, y] = [inputOf(context, 0), inputOf(context, 1), inputOf(context, 2)];
    requireDType(context.op, condition, ["bool"]);
    requireSameDType(context.op, [x, y]);
    return [{ dtype: x.dtype, shape: broadcastShapes(context.op, condition.shape, x.shape, y.shape) }];
  },
  // dx = dz·[condition], dy = dz·[not condition]; with both wanted the second is dz − dx.
  gradient: (context) => {
    const { g, needs } = context;
    const [condition, x, y, dz] = [inputOf(context, 0), inputOf(context, 1), inputOf(context, 2), upstreamOf(context)];
    const chosen = (test: Value) => g.op("Mul", [dz, maskOf(g, test, dz.dtype)]);
    const toX = needs[1] ? chosen(condition) : null;
    const toY = needs[2] ? (toX === null ? chosen(g.op("Not", [condition])) : g.op("Sub", [dz, toX])) : null;
    return [null, toX && unbroadcast(g, toX, x.shape), toY && unbroadcast(g, toY, y.shape)];
  },
  fold: (inputs) => foldMap(inputs, inputs[1]?.dtype ?? "string", (condition, x, y) => (condition ? x : y)),
};

/** The gradient of a conversion between floats is the conversion back; through integers there is none. */
function castBack(context: GradientContext<unknown>): (Value | null)[] {
  const [x, dy] = [inputOf(context, 0), upstreamOf(context)];
  const flows = context.needs[0] === true && isFloat(x.dtype) && isFloat(dy.dtype);
  const back = (): Value => (x.dtype === dy.dtype ? dy : context.g.op("Cast", [dy], { to: onnxTypeOf(x.dtype) }));
  const dx = flows ? back() : null;
  return context.inputs.map((_, i) => (i === 0 ? dx : null));
}

/** Converts to the dtype whose ONNX number is `to`; `saturate` concerns the 8-bit floats. */
export const Cast: Operator<{ to: number; saturate: number }> = {
  since: 21,
  inputs: [1, 1],
  attributes: { to: int(), saturate: int(1) },
  infer: (context) => {
    const { to } = context.attributes;
    const dtype = dtypeOfOnnx(to);
    if (dtype === undefined)
      throw new GraphError(
        explain({
          api: context.op,
          action: 'set attribute "to"',
          received: `got ${to}`,
          rule: `must be the ONNX number of a dtype, such as ${onnxTypeOf("float32")} for float32`,
        }),
      );
    return [{ dtype, shape: inputOf(context, 0).shape }];
  },
  gradient: castBack,
  fold: ([input], { to }) => foldCast(input as NonNullable<typeof input>, dtypeOfOnnx(to) ?? "string"),
};

/** Converts to the dtype of the second input. */
export const CastLike: Operator<{ saturate: number }> = {
  since: 21,
  inputs: [2, 2],
  attributes: { saturate: int(1) },
  infer: (context) => [{ dtype: inputOf(context, 1).dtype, shape: inputOf(context, 0).shape }],
  gradient: castBack,
  fold: ([input, like]) => foldCast(input as NonNullable<typeof input>, like?.dtype ?? "string"),
};

/**
 * Integers and truth values on ONNX Runtime's WebGPU provider (1.30), whose kernels take some dtypes and not others. Casts run between all of
 * them, and 64-bit integers are computed in 32 bits there anyway, so what lacks a kernel for one dtype is done in another.
 */

import type { Value } from "../graph/graph.ts";
import type { DType } from "../tensor/dtype.ts";
import { isInteger } from "../tensor/dtype.ts";
import { normalizeAxis, sameShape, sizeOf, stridesOf } from "../tensor/shape.ts";
import { tensor } from "../tensor/tensor.ts";
import { castTo } from "./_composed.ts";
import { formula } from "./_formula.ts";
import { reshape } from "./_gradient.ts";
import { constantInts } from "./_infer.ts";
import { spansOf } from "./_spans.ts";
import type { Builder } from "./operator.ts";
import { keyOf, type OpName, rawAttributes } from "./registry.ts";
import type { Rule, Rules } from "./rule.ts";

/** Computes in int32 instead of `dtypes`: the inputs at `data` are cast, and outputs of their dtype cast back. */
function inInt32(dtypes: readonly DType[], data: readonly number[] = [0]): Rule {
  return ({ g, node, inputs }) => {
    const { dtype } = inputs[0] as Value;
    if (!dtypes.includes(dtype)) return undefined;
    const given = inputs.map((input, i) => (input !== null && data.includes(i) ? castTo(g, input, "int32") : input));
    const key = keyOf(node.op, node.domain) as OpName;
    const results = g.ops(key, given, rawAttributes(node.attributes), node.outputs.length);
    return results.map((result, i) => castTo(g, result, node.outputs[i]?.dtype ?? result.dtype));
  };
}

/** Of one shape and dtype: a Reshape, which has a kernel for every dtype. */
const asReshape: Rule = ({ g, inputs, node }) => {
  const x = inputs[0] as Value;
  const { shape } = node.outputs[0] as Value;
  return x.dtype.startsWith("float") || shape.includes(0) ? undefined : [g.op("Reshape", [x, g.ints(shape)])];
};

/**
 * Slice of what is not a float, as a Gather along each axis; also where steps of −2 and further go back, which the kernel takes from a wrong
 * first element.
 */
const sliceByPositions: Rule = ({ g, inputs }) => {
  const [x, ...lists] = inputs as [Value, ...(Value | null)[]];
  const spans = spansOf(
    x.shape,
    lists.map((list) => (list ? constantInts("Slice", list) : undefined)),
  );
  if (x.dtype.startsWith("float") && spans.every(({ step }) => step >= -1)) return undefined;
  let result = x;
  for (const [axis, { start, step, length }] of spans.entries()) {
    if (length === result.shape[axis] && step === 1) continue;
    const positions = g.ints(Array.from({ length }, (_, i) => start + i * step));
    result = g.op("Gather", [result, positions], { axis });
  }
  return [result === x ? reshape(g, x, [...x.shape]) : result];
};

/** Positions in the flattened `shape` that indices along an axis name: int64 of the indices' shape. Negative indices count from the end. */
function flatPositions(g: Builder, shape: readonly number[], indices: Value, axis: number): Value {
  const f = formula(g, "int64");
  const strides = stridesOf(shape);
  const given = castTo(g, indices, "int64");
  const length = shape[axis] as number;
  const inside = f("Add", given, f("Mul", castTo(g, f("Less", given, 0), "int64"), length));
  const own = stridesOf(indices.shape);
  const others = Array.from({ length: sizeOf(indices.shape) }, (_, i) =>
    indices.shape.reduce((sum, count, a) => {
      const at = Math.floor(i / (own[a] as number)) % count;
      return a === axis ? sum : sum + at * (strides[a] as number);
    }, 0),
  );
  return f("Add", f("Mul", inside, strides[axis] as number), g.constant(tensor("int64", indices.shape, others)));
}

/** GatherElements of what is not a float: a Gather from the flattened tensor. */
const gatherByPositions: Rule = ({ g, inputs, attributes }) => {
  const [x, indices] = inputs as [Value, Value];
  if (x.dtype.startsWith("float")) return undefined;
  const axis = normalizeAxis("GatherElements", attributes.axis as number, x.shape.length);
  return [g.op("Gather", [reshape(g, x, [sizeOf(x.shape)]), flatPositions(g, x.shape, indices, axis)], { axis: 0 })];
};

/** ScatterElements of what is not a float: a ScatterND into the flattened tensor. */
const scatterByPositions: Rule = ({ g, inputs, attributes }) => {
  const [x, indices, updates] = inputs as [Value, Value, Value];
  if (x.dtype.startsWith("float")) return undefined;
  const axis = normalizeAxis("ScatterElements", attributes.axis as number, x.shape.length);
  const count = sizeOf(indices.shape);
  const positions = reshape(g, flatPositions(g, x.shape, indices, axis), [count, 1]);
  const flat = reshape(g, x, [sizeOf(x.shape)]);
  const placed = g.op("ScatterND", [flat, positions, reshape(g, updates, [count])], {
    reduction: attributes.reduction as string,
  });
  return [reshape(g, placed, x.shape)];
};

const negate: Rule = ({ g, inputs }) => {
  const x = inputs[0] as Value;
  return isInteger(x.dtype) ? [formula(g, x.dtype)("Sub", 0, x)] : undefined;
};

const absolute: Rule = ({ g, inputs }) => {
  const x = inputs[0] as Value;
  if (!isInteger(x.dtype)) return undefined;
  const f = formula(g, x.dtype);
  return [x.dtype.startsWith("uint") ? f("Add", x, 0) : f("Max", x, f("Sub", 0, x))];
};

/** A choice between truth values, as logic. */
const whereOfTruth: Rule = ({ g, inputs }) => {
  const [condition, a, b] = inputs as [Value, Value, Value];
  if (a.dtype !== "bool") return undefined;
  const not = (value: Value): Value => g.op("Not", [value]);
  const first = g.op("And", [condition, a]);
  const second = g.op("And", [not(condition), b]);
  return [not(g.op("And", [not(first), not(second)]))];
};

const truthsTogether: Rule = ({ g, inputs, attributes }) => {
  const values = inputs as Value[];
  if (values[0]?.dtype !== "bool") return undefined;
  const numbers = values.map((value) => castTo(g, value, "int32"));
  return [castTo(g, g.op("Concat", numbers, { axis: attributes.axis as number }), "bool")];
};

/** A power with an integer exponent, and one that broadcasts other than from a scalar, for which the kernel fails. */
const power: Rule = ({ g, inputs, node }) => {
  const [x, exponent] = inputs as [Value, Value];
  const { shape } = node.outputs[0] as Value;
  const spread = (value: Value): Value =>
    sameShape(value.shape, shape) || sizeOf(value.shape) === 1 ? value : g.op("Expand", [value, g.ints(shape)]);
  const [a, b] = [spread(x), spread(castTo(g, exponent, x.dtype))];
  const inside = isInteger(x.dtype) ? "int32" : x.dtype;
  if (a === x && b === exponent && inside === x.dtype) return undefined;
  return [castTo(g, g.op("Pow", [castTo(g, a, inside), castTo(g, b, inside)]), x.dtype)];
};

const both: readonly DType[] = ["int64", "bool"];

/** Integers and truth values where the device's kernels are for other dtypes. */
export const webgpuDTypes: Rules = {
  Abs: [absolute],
  ArgMax: [inInt32(["int64"])],
  ArgMin: [inInt32(["int64"])],
  Concat: [truthsTogether],
  CumSum: [inInt32(["int64"])],
  Equal: [inInt32(["bool"], [0, 1])],
  Flatten: [asReshape],
  GatherElements: [gatherByPositions],
  GatherND: [inInt32(both)],
  Identity: [asReshape],
  Neg: [negate],
  Pad: [inInt32(both, [0, 2])],
  Pow: [power],
  ReduceMax: [inInt32(both)],
  ReduceMin: [inInt32(both)],
  ReduceProd: [inInt32(["int64"])],
  ScatterElements: [scatterByPositions],
  ScatterND: [inInt32(both, [0, 2])],
  Slice: [sliceByPositions],
  Split: [inInt32(both)],
  Squeeze: [asReshape],
  Tile: [inInt32(["bool"])],
  Transpose: [inInt32(both)],
  Trilu: [inInt32(both)],
  Where: [whereOfTruth],
};

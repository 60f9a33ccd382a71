/** Operators that write elements at positions computed at run time, replacing or combining what was there. */

import type { Value } from "../graph/graph.ts";
import { onnxTypeOf } from "../tensor/dtype.ts";
import { formatShape, normalizeAxis, type Shape, sameShape } from "../tensor/shape.ts";
import { upstreamOf, zeros } from "./_gradient.ts";
import { failShape, requireDType, requireSameDType } from "./_infer.ts";
import { type Builder, type GradientContext, int, type Operator, string } from "./operator.ts";

const reductions: readonly string[] = ["none", "add", "mul", "max", "min"];

function checkReduction(op: string, reduction: string): void {
  if (!reductions.includes(reduction))
    failShape(op, "use reduction", `got "${reduction}"`, `must be one of ${reductions.join(", ")}`);
}

/** Reading and writing at the same positions. */
interface Access {
  gather(from: Value): Value;
  scatter(into: Value, updates: Value, reduction: string): Value;
}

function ones(g: Builder, like: Value): Value {
  return g.op("Expand", [g.scalar(1, like.dtype), g.ints(like.shape)]);
}

/** 1 where a = b, else 0, as numbers. */
function equal(g: Builder, a: Value, b: Value): Value {
  return g.op("Cast", [g.op("Equal", [a, b])], { to: onnxTypeOf(a.dtype) });
}

/**
 * Gradients of data and updates for `y = scatter(data, updates)`. With reduction "none" the result is undefined for an
 * index that occurs twice, as it is in ONNX.
 */
function scatterGradient(
  context: Pick<GradientContext<unknown>, "g" | "inputs" | "outputs" | "upstream" | "needs">,
  reduction: string,
  { gather, scatter }: Access,
): (Value | null)[] {
  const { g, needs } = context;
  const [data, , updates] = context.inputs as [Value, Value, Value];
  const dy = upstreamOf(context);
  switch (reduction) {
    case "none":
      return [needs[0] ? scatter(dy, zeros(g, updates), "none") : null, null, needs[2] ? gather(dy) : null];
    case "add":
      return [dy, null, needs[2] ? gather(dy) : null];
    case "mul": {
      // y = data·∏u. Others' product for u is ∏/u, which must hold for u = 0 too: multiply with ones in place of zeros, count
      // the zeros, and let only those through that are the one zero at their index (or have none).
      const isZero = equal(g, updates, g.scalar(0, updates.dtype));
      const nonzero = g.op("Add", [updates, isZero]);
      const product = scatter(data, nonzero, "mul");
      const otherZeros = g.op("Sub", [gather(scatter(zeros(g, data), isZero, "add")), isZero]);
      const alone = equal(g, otherZeros, g.scalar(0, updates.dtype));
      const du = needs[2] ? g.op("Mul", [g.op("Div", [gather(g.op("Mul", [dy, product])), nonzero]), alone]) : null;
      return [needs[0] ? g.op("Mul", [dy, scatter(ones(g, data), updates, "mul")]) : null, null, du];
    }
    default: {
      // max, min: shared equally between all that attain the extreme.
      const y = context.outputs[0] as Value;
      const dataWins = equal(g, data, y);
      const updateWins = equal(g, updates, gather(y));
      const share = g.op("Div", [dy, scatter(dataWins, updateWins, "add")]);
      return [
        needs[0] ? g.op("Mul", [share, dataWins]) : null,
        null,
        needs[2] ? g.op("Mul", [gather(share), updateWins]) : null,
      ];
    }
  }
}

interface ScatterNDAttributes {
  reduction: string;
}

/** A copy of the data with slices written at the positions that the last axis of the indices names. */
export const ScatterND: Operator<ScatterNDAttributes> = {
  since: 18,
  inputs: [3, 3],
  attributes: { reduction: string("none") },
  infer: ({ op, inputs, attributes }) => {
    const [data, indices, updates] = inputs as [Value, Value, Value];
    checkReduction(op, attributes.reduction);
    requireDType(op, indices, ["int64"]);
    requireSameDType(op, [data, updates]);
    const depth = indices.shape.at(-1) ?? 0;
    const expected: Shape = [...indices.shape.slice(0, -1), ...data.shape.slice(depth)];
    if (depth < 1 || depth > data.shape.length || !sameShape(updates.shape, expected))
      failShape(
        op,
        `write updates ${formatShape(updates.shape)} into ${formatShape(data.shape)}`,
        `got indices ${formatShape(indices.shape)}`,
        `updates must be ${formatShape(expected)}`,
      );
    return [{ dtype: data.dtype, shape: data.shape }];
  },
  gradient: (context) => {
    const { g } = context;
    const indices = context.inputs[1] as Value;
    return scatterGradient(context, context.attributes.reduction, {
      gather: (from) => g.op("GatherND", [from, indices]),
      scatter: (into, updates, reduction) => g.op("ScatterND", [into, indices, updates], { reduction }),
    });
  },
};

interface ScatterElementsAttributes {
  axis: number;
  reduction: string;
}

/** y[indices[i, j], j] = updates[i, j] for axis 0, and so on. Adding is slow on the CPU: see ScatterND. */
export const ScatterElements: Operator<ScatterElementsAttributes> = {
  since: 18,
  inputs: [3, 3],
  attributes: { axis: int(0), reduction: string("none") },
  infer: ({ op, inputs, attributes }) => {
    const [data, indices, updates] = inputs as [Value, Value, Value];
    checkReduction(op, attributes.reduction);
    requireDType(op, indices, ["int32", "int64"]);
    requireSameDType(op, [data, updates]);
    const axis = normalizeAxis(op, attributes.axis, data.shape.length);
    const fits =
      updates.shape.length === data.shape.length &&
      updates.shape.every((n, a) => a === axis || n <= (data.shape[a] as number));
    if (!fits || !sameShape(indices.shape, updates.shape))
      failShape(
        op,
        `write updates ${formatShape(updates.shape)} into ${formatShape(data.shape)}`,
        `got indices ${formatShape(indices.shape)}`,
        `indices and updates must have one shape that fits all axes but ${axis}`,
      );
    return [{ dtype: data.dtype, shape: data.shape }];
  },
  gradient: (context) => {
    const { g } = context;
    const indices = context.inputs[1] as Value;
    const { axis, reduction: mode } = context.attributes;
    return scatterGradient(context, mode, {
      gather: (from) => g.op("GatherElements", [from, indices], { axis }),
      scatter: (into, updates, reduction) => g.op("ScatterElements", [into, indices, updates], { axis, reduction }),
    });
  },
};

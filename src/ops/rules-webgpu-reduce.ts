/** Reductions, softmax and the losses that are made of it, on ONNX Runtime's WebGPU provider (1.30). */

import type { Value } from "../graph/graph.ts";
import { isFloat } from "../tensor/dtype.ts";
import { normalizeAxis, sizeOf } from "../tensor/shape.ts";
import { castTo } from "./_composed.ts";
import { formula } from "./_formula.ts";
import { reshape } from "./_gradient.ts";
import { countTo } from "./_webgpu.ts";
import type { Builder } from "./operator.ts";
import { rawAttributes } from "./registry.ts";
import type { Match, Rule, Rules } from "./rule.ts";

/** z − log Σ e^z along an axis, with z = x − max x. */
function logSoftmaxOf(g: Builder, x: Value, axis: number): Value {
  const f = formula(g, x.dtype);
  const axes = g.ints([axis]);
  const shifted = f("Sub", x, g.op("ReduceMax", [x, axes]));
  return f("Sub", shifted, f("Log", g.op("ReduceSum", [f("Exp", shifted), axes])));
}

const logSoftmax: Rule = ({ g, inputs, attributes }) => {
  const x = inputs[0] as Value;
  if (!isFloat(x.dtype) || x.shape.length === 0) return undefined;
  return [logSoftmaxOf(g, x, normalizeAxis("LogSoftmax", attributes.axis as number, x.shape.length))];
};

const hardmax: Rule = ({ g, inputs, attributes }) => {
  const x = inputs[0] as Value;
  const axis = normalizeAxis("Hardmax", attributes.axis as number, x.shape.length);
  const largest = g.op("ArgMax", [x], { axis, keepdims: 1 });
  const length = x.shape[axis] as number;
  const places = reshape(g, countTo(g, length, "int64"), [length, ...x.shape.slice(axis + 1).map(() => 1)]);
  return [castTo(g, g.op("Equal", [places, largest]), x.dtype)];
};

/** What a reduction of single elements gives: the kernels of some reductions forget their function when no axis is reduced. */
function ofEach(write: (g: Builder, x: Value) => Value): Rule {
  return ({ g, node, inputs, attributes }) => {
    const x = inputs[0] as Value;
    const axes = inputs[1] ?? null;
    const isWhole = attributes.noop_with_empty_axes === 1 && (axes === null || sizeOf(axes.shape) === 0);
    return isWhole ? [reshape(g, write(g, x), (node.outputs[0] as Value).shape)] : undefined;
  };
}

/** m + log Σ e^(x − m), m the largest: the kernel overflows. */
const logSumExp: Rule = ({ g, node, inputs }) => {
  const [x, axes] = inputs as [Value, (Value | null)?];
  if (!isFloat(x.dtype) || sizeOf(x.shape) === 0) return undefined;
  const f = formula(g, x.dtype);
  const raw = rawAttributes(node.attributes);
  const reduce = (op: "ReduceMax" | "ReduceSum", value: Value): Value =>
    g.op(op, axes ? [value, axes] : [value], { ...raw, keepdims: 1 });
  const largest = reduce("ReduceMax", x);
  const sums = reduce("ReduceSum", f("Exp", f("Sub", x, largest)));
  return [reshape(g, f("Add", largest, f("Log", sums)), (node.outputs[0] as Value).shape)];
};

/** −weight·log p of each label, and the weights: what both losses are made of. Labels that are ignored weigh nothing. */
function weighted(match: Match, logP: Value): { readonly losses: Value; readonly weights: Value | null } {
  const { g, inputs, attributes } = match;
  const labels = castTo(g, inputs[1] as Value, "int64");
  const classWeights = inputs[2] ?? null;
  const ignored = attributes.ignore_index as number | null;
  const [n, , ...rest] = logP.shape as [number, number, ...number[]];
  let classes = labels;
  let weights: Value | null = null;
  if (ignored !== null) {
    const counted = g.op("Not", [g.op("Equal", [labels, g.scalar(ignored, "int64")])]);
    classes = g.op("Mul", [labels, castTo(g, counted, "int64")]);
    weights = castTo(g, counted, logP.dtype);
  }
  if (classWeights !== null) {
    const own = g.op("Gather", [classWeights, classes], { axis: 0 });
    weights = weights === null ? own : g.op("Mul", [own, weights]);
  }
  const chosen = g.op("GatherElements", [logP, reshape(g, classes, [n, 1, ...rest])], { axis: 1 });
  const losses = g.op("Neg", [reshape(g, chosen, labels.shape)]);
  return { losses: weights === null ? losses : g.op("Mul", [losses, weights]), weights };
}

function reduced(match: Match, logP: Value): Value {
  const { g, attributes } = match;
  const { losses, weights } = weighted(match, logP);
  if (attributes.reduction === "none") return losses;
  const sum = (value: Value): Value => g.op("ReduceSum", [value], { keepdims: 0 });
  if (attributes.reduction === "sum") return sum(losses);
  const total = weights === null ? g.scalar(sizeOf(losses.shape), losses.dtype) : sum(weights);
  return g.op("Div", [sum(losses), total]);
}

const likelihood: Rule = (match) => [reduced(match, match.inputs[0] as Value)];

const crossEntropy: Rule = (match) => {
  const logP = logSoftmaxOf(match.g, match.inputs[0] as Value, 1);
  const loss = reduced(match, logP);
  return match.node.outputs.length > 1 ? [loss, logP] : [loss];
};

/** Reductions, softmax and losses. */
export const webgpuReduce: Rules = {
  Hardmax: [hardmax],
  LogSoftmax: [logSoftmax],
  NegativeLogLikelihoodLoss: [likelihood],
  ReduceLogSum: [ofEach((g, x) => g.op("Log", [x]))],
  ReduceLogSumExp: [logSumExp],
  ReduceSumSquare: [ofEach((g, x) => g.op("Mul", [x, x]))],
  SoftmaxCrossEntropyLoss: [crossEntropy],
};

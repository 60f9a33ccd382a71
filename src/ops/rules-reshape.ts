/**
 * Moves reshapes behind elementwise operators. Layers flatten leading axes for a matrix product and restore them after it; between two
 * products the restoring and the flattening then meet and vanish, and the network runs on plain matrices.
 */

import type { Value } from "../graph/graph.ts";
import { type Shape, sameShape, sizeOf } from "../tensor/shape.ts";
import type { OpName } from "./registry.ts";
import { rawAttributes } from "./registry.ts";
import type { Match, Rule, Rules } from "./rule.ts";

const binary: readonly OpName[] = ["Add", "Sub", "Mul", "Div"];
const unary: readonly OpName[] = [
  "Neg",
  "Exp",
  "Log",
  "Sqrt",
  "Erf",
  "Tanh",
  "Sigmoid",
  "Relu",
  "Gelu",
  "HardSigmoid",
  "Abs",
  "Reciprocal",
];

/** The value before a Reshape that splits leading axes: fewer axes, the same last one. Not of empty tensors: a target of 0 copies an axis. */
function flatter(match: Match, value: Value): Value | undefined {
  const producer = match.producer(value);
  if (producer?.op !== "Reshape" || sizeOf(value.shape) === 0) return undefined;
  const source = producer.inputs[0] as Value;
  return source.shape.length < value.shape.length &&
    source.shape.length > 0 &&
    source.shape.at(-1) === value.shape.at(-1)
    ? source
    : undefined;
}

/** The other operand as it must be beside a flattened one, or undefined where it broadcasts over leading axes. */
function beside(match: Match, other: Value, from: Shape, to: Shape): Value | undefined {
  const alongLast = sizeOf(other.shape) === (other.shape.at(-1) ?? 1) && other.shape.length <= to.length;
  if (alongLast) return other;
  return sameShape(other.shape, from) ? match.g.op("Reshape", [other, match.g.ints(to)]) : undefined;
}

const sinkBelowBinary: Rule = (match) => {
  const { g, inputs, node } = match;
  const { shape } = node.outputs[0] as Value;
  for (const side of [0, 1]) {
    const operand = inputs[side] as Value;
    const source = flatter(match, operand);
    if (source === undefined || !sameShape(operand.shape, shape)) continue;
    const other = beside(match, inputs[1 - side] as Value, shape, source.shape);
    if (other === undefined) continue;
    const result = g.op(
      node.op as OpName,
      side === 0 ? [source, other] : [other, source],
      rawAttributes(node.attributes),
    );
    return [g.op("Reshape", [result, g.ints(shape)])];
  }
  return undefined;
};

const sinkBelowUnary: Rule = (match) => {
  const { g, inputs, node } = match;
  const source = flatter(match, inputs[0] as Value);
  if (source === undefined) return undefined;
  const result = g.op(node.op as OpName, [source], rawAttributes(node.attributes));
  return [g.op("Reshape", [result, g.ints((inputs[0] as Value).shape)])];
};

/** Normalising the last axis does not see how the others are split. */
const sinkBelowNorm: Rule = (match) => {
  const { g, inputs, attributes, node } = match;
  const x = inputs[0] as Value;
  const source = flatter(match, x);
  const last = attributes.axis === -1 || attributes.axis === x.shape.length - 1;
  if (source === undefined || !last || inputs.slice(1).some((value) => value != null && value.shape.length > 1))
    return undefined;
  const results = g.ops(
    "LayerNormalization",
    [source, ...inputs.slice(1)],
    { ...rawAttributes(node.attributes), axis: -1 },
    node.outputs.length,
  );
  return results.map((result, i) =>
    g.op("Reshape", [result, g.ints((node.outputs[i] ?? { shape: [...x.shape.slice(0, -1), 1] }).shape)]),
  );
};

/** Moves reshapes behind elementwise operators and LayerNormalization. */
export const reshapeSinking: Rules = Object.fromEntries([
  ...binary.map((op) => [op, [sinkBelowBinary]]),
  ...unary.map((op) => [op, [sinkBelowUnary]]),
  ["LayerNormalization", [sinkBelowNorm]],
]);

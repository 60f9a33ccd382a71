/** Rewrites that hold on every target: what differentiation leaves behind (times one, plus zero, reshapes of reshapes). */

import type { Node, Value } from "../graph/graph.ts";
import { type DType, isInteger } from "../tensor/dtype.ts";
import { sameShape, sizeOf } from "../tensor/shape.ts";
import type { Match, Rule, Rules } from "./rule.ts";

/** The number in a scalar constant (of any shape with one element), or undefined; also for dtypes that the host holds as bits. */
export function scalarOf(value: Value | null | undefined): number | undefined {
  const constant = value?.constant;
  if (constant?.data.length !== 1 || !isHeldAsNumber(constant.dtype)) return undefined;
  return Number(constant.data[0]);
}

/** False for 16-bit and smaller floats, packed integers and strings, whose array elements are not their numbers. */
function isHeldAsNumber(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64" || (isInteger(dtype) && dtype !== "int4" && dtype !== "uint4");
}

/** The number that every element of a constant is, or undefined: folded expansions of a scalar look like this. */
export function uniformOf(value: Value | null | undefined): number | undefined {
  const constant = value?.constant;
  if (constant === undefined || constant.data.length === 0 || !isHeldAsNumber(constant.dtype)) return undefined;
  const { data } = constant;
  for (let i = 1; i < data.length; i++) if (data[i] !== data[0]) return undefined;
  return Number(data[0]);
}

/** As {@link uniformOf}, also through an Expand that was too large to fold. */
function everyElement(match: Match, value: Value | null | undefined): number | undefined {
  const producer = match.producer(value);
  return uniformOf(producer?.op === "Expand" ? producer.inputs[0] : value);
}

/** Replaces by the first input, if its shape and dtype are those of the output. */
function firstInput({ inputs, node }: Match, index = 0): readonly Value[] | undefined {
  const input = inputs[index] as Value;
  const output = node.outputs[0] as Value;
  return sameShape(input.shape, output.shape) && input.dtype === output.dtype ? [input] : undefined;
}

/** x·1, 1·x, x/1, x+0, 0+x, x−0. */
function neutral(number: number, sides: readonly number[]): Rule {
  return (match) => {
    for (const side of sides)
      if (everyElement(match, match.inputs[side]) === number) return firstInput(match, 1 - side);
    return undefined;
  };
}

const reshapeOfReshape: Rule = (match) => {
  const { g, inputs, node } = match;
  const inner = match.producer(inputs[0]);
  const { shape } = node.outputs[0] as Value;
  // A target of 0 would copy an axis of the source, so empty tensors stay as they are.
  if (inner?.op !== "Reshape" || sizeOf(shape) === 0) return undefined;
  return [g.op("Reshape", [inner.inputs[0] as Value, g.ints(shape)])];
};

const transposeOfTranspose: Rule = (match) => {
  const inner = match.producer(match.inputs[0]);
  if (inner?.op !== "Transpose") return undefined;
  const outerPerm = permOf(match.node.attributes.perm, match.node.outputs[0] as Value);
  const innerPerm = permOf(inner.attributes.perm, inner.outputs[0] as Value);
  const perm = outerPerm.map((axis) => innerPerm[axis] as number);
  const source = inner.inputs[0] as Value;
  return [perm.every((axis, i) => axis === i) ? source : match.g.op("Transpose", [source], { perm })];
};

const identityTranspose: Rule = (match) => {
  const perm = permOf(match.node.attributes.perm, match.node.outputs[0] as Value);
  return perm.every((axis, i) => axis === i) ? firstInput(match) : undefined;
};

/** The permutation of a Transpose; reversed axes when the attribute is absent. */
export function permOf(attribute: { readonly value: unknown } | undefined, output: Value): readonly number[] {
  return (
    (attribute?.value as readonly number[] | undefined) ?? output.shape.map((_, axis) => output.shape.length - 1 - axis)
  );
}

/** x + scatter-add into zeros: scatter-add into x. The gradient of an embedding that is also the output head. */
const scatterIntoSum: Rule = (match) => {
  const { g, inputs } = match;
  for (const side of [0, 1]) {
    const scatter = match.producer(inputs[side]);
    const other = inputs[1 - side] as Value;
    if (scatter?.op !== "ScatterND" || scatter.attributes.reduction?.value !== "add" || !match.readsAlone(side))
      continue;
    // Neither side may broadcast: what is added into has the shape of the sum, and so has the scatter.
    const { shape } = match.node.outputs[0] as Value;
    if (!sameShape(other.shape, shape) || !sameShape((inputs[side] as Value).shape, shape)) continue;
    if (!isZero(match, scatter.inputs[0] as Value)) continue;
    return [g.op("ScatterND", [other, ...scatter.inputs.slice(1)], { reduction: "add" })];
  }
  return undefined;
};

/** True for zeros: a constant, or one scalar zero spread over a shape. */
export function isZero(match: Match, value: Value): boolean {
  if (everyElement(match, value) === 0) return true;
  const producer = match.producer(value);
  return (
    producer?.op === "ConstantOfShape" && (producer.attributes.value === undefined || scalarTensorIsZero(producer))
  );
}

function scalarTensorIsZero(node: Node): boolean {
  const { value } = node.attributes;
  return value?.kind === "tensor" && Number(value.value.data[0]) === 0;
}

/** Rewrites that hold on every target. */
export const algebra: Rules = {
  Identity: [(match) => firstInput(match)],
  Mul: [neutral(1, [1, 0])],
  Div: [neutral(1, [1])],
  Add: [neutral(0, [1, 0]), scatterIntoSum],
  Sub: [neutral(0, [1])],
  Expand: [(match) => firstInput(match)],
  Cast: [(match) => firstInput(match)],
  Reshape: [(match) => firstInput(match), reshapeOfReshape],
  Transpose: [identityTranspose, transposeOfTranspose],
};

/** Rewrites that hold on every target: what differentiation leaves behind (times one, plus zero, reshapes of reshapes). */

import type { Value } from "../graph/graph.ts";
import { sameShape } from "../tensor/shape.ts";
import type { Match, Rule, Rules } from "./rule.ts";

/** The number in a scalar constant (of any shape with one element), or undefined. */
export function scalarOf(value: Value | null | undefined): number | undefined {
  return value?.constant?.data.length === 1 ? Number(value.constant.data[0]) : undefined;
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
    for (const side of sides) if (scalarOf(match.inputs[side]) === number) return firstInput(match, 1 - side);
    return undefined;
  };
}

const reshapeOfReshape: Rule = (match) => {
  const { g, inputs, node } = match;
  const inner = match.producer(inputs[0]);
  if (inner?.op !== "Reshape") return undefined;
  return [g.op("Reshape", [inner.inputs[0] as Value, g.ints((node.outputs[0] as Value).shape)])];
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
  return (attribute?.value as readonly number[] | undefined) ?? output.shape.map((_, axis) => output.shape.length - 1 - axis);
}

/** Rewrites that hold on every target. */
export const algebra: Rules = {
  Identity: [(match) => firstInput(match)],
  Mul: [neutral(1, [1, 0])],
  Div: [neutral(1, [1])],
  Add: [neutral(0, [1, 0])],
  Sub: [neutral(0, [1])],
  Expand: [(match) => firstInput(match)],
  Cast: [(match) => firstInput(match)],
  Reshape: [(match) => firstInput(match), reshapeOfReshape],
  Transpose: [identityTranspose, transposeOfTranspose],
};

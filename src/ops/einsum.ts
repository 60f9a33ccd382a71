/** Sums of products named by letters. */

import type { Value } from "../graph/graph.ts";
import type { DType } from "../tensor/dtype.ts";
import { tensor } from "../tensor/tensor.ts";
import { castTo, expandTo } from "./_composed.ts";
import { type Equation, freeLetters, lengthsOf, spell } from "./_equation.ts";
import { reshape, upstreamOf } from "./_gradient.ts";
import { requireSameDType } from "./_infer.ts";
import { type Builder, type Operator, string } from "./operator.ts";

/** Attribute of {@link Einsum}. */
export interface EinsumAttributes {
  equation: string;
}

/** Ones on the diagonal, [n, n]. */
function identity(g: Builder, n: number, dtype: DType): Value {
  const cells = Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  return castTo(g, g.constant(tensor(dtype === "float64" ? dtype : "float32", [n, n], cells)), dtype);
}

/** Gives every axis of a term its own letter: "ii" becomes "ij", with an identity matrix "ij" among the factors. */
function withoutDiagonals(g: Builder, { terms, output }: Equation, inputs: readonly Value[]): [string[], Value[]] {
  const separate = [...terms];
  const factors = [...inputs];
  for (const [i, value] of inputs.entries())
    for (const [axis, letter] of [...(terms[i] as string)].entries()) {
      if ((terms[i] as string).indexOf(letter) === axis) continue;
      const other = freeLetters(separate.join("") + output, 1);
      separate[i] = (separate[i] as string).slice(0, axis) + other + (separate[i] as string).slice(axis + 1);
      separate.push(letter + other);
      factors.push(identity(g, value.shape[axis] as number, value.dtype));
    }
  return [separate, factors];
}

/**
 * Sum of products over the letters that the output lacks: `"bij,bjk->bik"`. An ellipsis stands for any axes; axes of length 1
 * broadcast; a letter twice in a term takes the diagonal.
 *
 * The gradient of one operand is the Einsum of dy with the others under that operand's letters. A letter that only the
 * operand itself has was summed away alone: there the gradient is constant, so it is expanded.
 */
export const Einsum: Operator<EinsumAttributes> = {
  since: 12,
  inputs: [1, Number.POSITIVE_INFINITY],
  attributes: { equation: string() },
  infer: ({ op, inputs, attributes }) => {
    const values = inputs as Value[];
    requireSameDType(op, values);
    const shapes = values.map((value) => value.shape);
    const equation = spell(op, attributes.equation, shapes);
    const lengths = lengthsOf(op, equation, shapes);
    const shape = [...equation.output].map((letter) => lengths.get(letter) as number);
    return [{ dtype: (values[0] as Value).dtype, shape }];
  },
  gradient: (context) => {
    const { g, attributes, needs } = context;
    const inputs = context.inputs as Value[];
    const shapes = inputs.map((value) => value.shape);
    const equation = spell("Einsum", attributes.equation, shapes);
    const [terms, factors] = withoutDiagonals(g, equation, inputs);
    return inputs.map((input, i) => {
      if (!needs[i]) return null;
      const term = terms[i] as string;
      const others = [equation.output, ...terms.filter((_, k) => k !== i)];
      const values = [upstreamOf(context), ...factors.filter((_, k) => k !== i)];
      // An axis of length 1 was broadcast, so its letter is summed away here.
      const kept = [...term]
        .filter((letter, axis) => input.shape[axis] !== 1 && others.join("").includes(letter))
        .join("");
      const gradient = g.op("Einsum", values, { equation: `${others.join(",")}->${kept}` });
      const lengths = [...term].map((letter) =>
        kept.includes(letter) ? (gradient.shape[kept.indexOf(letter)] as number) : 1,
      );
      return expandTo(g, reshape(g, gradient, lengths), input.shape);
    });
  },
};

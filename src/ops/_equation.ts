/** The equation of an Einsum. */

import { explain, GraphError } from "../base/errors.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import { failShape } from "./_infer.ts";

/** An equation with its ellipses spelled out: one letter for each axis. */
export interface Equation {
  readonly terms: readonly string[];
  readonly output: string;
}

const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The first `count` letters that `text` does not use. */
export function freeLetters(text: string, count: number): string {
  return [...alphabet]
    .filter((letter) => !text.includes(letter))
    .slice(0, count)
    .join("");
}

/** Spells out an equation for operands of the given shapes. */
export function spell(op: string, equation: string, shapes: readonly Shape[]): Equation {
  const compact = equation.replaceAll(" ", "");
  const [left = "", right, ...rest] = compact.split("->");
  const terms = left.split(",");
  const fail = (rule: string): never => {
    throw new GraphError(explain({ api: op, action: "read equation", received: `got "${equation}"`, rule }));
  };
  const isTerm = (term: string): boolean => /^[a-zA-Z]*(\.\.\.)?[a-zA-Z]*$/.test(term);
  if (rest.length > 0 || !terms.every(isTerm) || !isTerm(right ?? ""))
    return fail('must be letters and at most one "..." a term, as in "bij,bjk->bik"');
  if (terms.length !== shapes.length) return fail(`has ${terms.length} terms for ${shapes.length} inputs`);
  const hidden = terms.map((term, i) => {
    const extra = (shapes[i] as Shape).length - term.replace("...", "").length;
    if (extra < 0 || (extra > 0 && !term.includes("...")))
      failShape(op, `name axes with "${term}"`, `got ${formatShape(shapes[i] as Shape)}`, "every axis needs a letter");
    return extra;
  });
  const lengths = new Set(hidden.filter((_, i) => (terms[i] as string).includes("...")));
  if (lengths.size > 1)
    return fail(`every "..." must stand for the same number of axes, not ${[...lengths].join(" and ")}`);
  const ellipsis = freeLetters(compact, Math.max(...hidden));
  const spelled = terms.map((term) => term.replace("...", ellipsis));
  const once = [...new Set(left.replace(/[,.]/g, ""))].filter((letter) => left.split(letter).length === 2).sort();
  const output = right === undefined ? ellipsis + once.join("") : right.replace("...", ellipsis);
  if (new Set(output).size !== output.length || [...output].some((letter) => !spelled.join("").includes(letter)))
    return fail("output letters must differ and occur in an input");
  return { terms: spelled, output };
}

/** Length of each letter's axis; lengths 1 broadcast. */
export function lengthsOf(op: string, { terms }: Equation, shapes: readonly Shape[]): Map<string, number> {
  const lengths = new Map<string, number>();
  for (const [i, term] of terms.entries())
    for (const [axis, letter] of [...term].entries()) {
      const length = (shapes[i] as Shape)[axis] as number;
      const known = lengths.get(letter) ?? 1;
      if (known !== 1 && length !== 1 && known !== length)
        failShape(
          op,
          `match axes "${letter}"`,
          `got ${shapes.map(formatShape).join(" and ")}`,
          `lengths ${known} and ${length} differ`,
        );
      if (known === 1) lengths.set(letter, length);
    }
  return lengths;
}

/** One transformation after another. */

import { explain } from "../base/errors.ts";
import type { Value } from "../graph/graph.ts";
import type { ParameterSpec, Transform } from "./transform.ts";

/**
 * Feeds the gradient through transformations in order, as `optax.chain` does; the last one's result is added to the
 * parameter, so the last one (an optimizer, or a negative {@link scale}) decides the sign.
 *
 * Slots and scalars are named `"<index>.<name>"`: `"1.m"`.
 *
 * @param transforms - At least one. Clipping by the global norm may only come first: the norm is that of the raw
 * gradients.
 * @returns The chain; elementwise if all of its parts are. Memory: the sum of theirs.
 * @throws RangeError if there is no transformation, or if one that needs the global norm is not the first.
 * @source Composition as in Optax, https://optax.readthedocs.io/en/latest/api/combining_optimizers.html.
 *
 * @example Clip, then step
 * ```ts
 * import assert from "node:assert/strict";
 * import { adamw, chain, clipByGlobalNorm } from "cameo/optim";
 *
 * const optimizer = chain(clipByGlobalNorm(1), adamw({ learningRate: 1e-3 }));
 * assert.deepEqual(Object.keys(optimizer.slots), ["1.m", "1.v"]);
 * assert.equal(optimizer.needsGlobalNorm, true);
 * ```
 */
export function chain(...transforms: readonly Transform[]): Transform {
  if (transforms.length === 0)
    throw new RangeError(
      explain({ api: "chain", action: "combine transforms", received: "got none", rule: "at least one is needed" }),
    );
  const late = transforms.findIndex((part, i) => i > 0 && part.needsGlobalNorm === true);
  if (late !== -1)
    throw new RangeError(
      explain({
        api: "chain",
        action: `use "${transforms[late]?.name}" at position ${late}`,
        received: `got it after "${transforms[late - 1]?.name}"`,
        rule: "the global norm is that of the raw gradients, so it must come first",
      }),
    );
  const whole = combine(transforms);
  if (!transforms.some((part) => part.forParameter !== undefined)) return whole;

  const made: { readonly parts: readonly Transform[]; readonly chain: Transform }[] = [];
  const forParameter = (parameter: ParameterSpec): Transform => {
    const parts = transforms.map((part) => part.forParameter?.(parameter) ?? part);
    let known = made.find((entry) => entry.parts.every((part, i) => part === parts[i]));
    if (known === undefined) {
      known = { parts, chain: combine(parts) };
      made.push(known);
    }
    return known.chain;
  };
  return { ...whole, forParameter };
}

function combine(parts: readonly Transform[]): Transform {
  return {
    name: `chain(${parts.map((part) => part.name).join(", ")})`,
    slots: merge(parts.map((part) => part.slots)),
    elementwise: parts.every((part) => part.elementwise),
    needsGlobalNorm: parts.some((part) => part.needsGlobalNorm === true),
    scalars: (step) => merge(parts.map((part) => part.scalars(step))),
    update(context) {
      let gradient: Value = context.gradient;
      const states: Readonly<Record<string, Value>>[] = [];
      for (const [i, part] of parts.entries()) {
        const { update, state } = part.update({
          ...context,
          gradient,
          state: select(context.state, i),
          scalars: select(context.scalars, i),
        });
        gradient = update;
        states.push(state);
      }
      return { update: gradient, state: merge(states) };
    },
  };
}

/** Records under one, each name behind the index of its record. */
function merge<T>(records: readonly Readonly<Record<string, T>>[]): Record<string, T> {
  return Object.fromEntries(
    records.flatMap((record, i) => Object.entries(record).map(([name, value]): [string, T] => [`${i}.${name}`, value])),
  );
}

/** The record that {@link merge} put under `index`. */
function select<T>(record: Readonly<Record<string, T>>, index: number): Record<string, T> {
  const prefix = `${index}.`;
  return Object.fromEntries(
    Object.entries(record)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
}

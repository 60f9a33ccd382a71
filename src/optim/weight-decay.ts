/** Weight decay as a part of a chain. */

import { check } from "./_check.ts";
import { addScaled, type DecayMask, masked } from "./_decay.ts";
import { scale } from "./scale.ts";
import type { Transform } from "./transform.ts";

/** Options of {@link addDecayedWeights}. */
export interface DecayedWeightsOptions {
  /**
   * Picks the parameters that decay.
   * @defaultValue all of them
   */
  readonly mask?: DecayMask;
}

/**
 * Adds `weightDecay·p` to the gradient.
 *
 * Before an optimizer in a chain this is L2 regularisation (coupled decay). {@link sgd} and {@link adamw} have their
 * own `weightDecay`; this is for chains made by hand.
 *
 * ```text
 * u ← g + weightDecay·p
 * ```
 *
 * @param weightDecay - Pull towards zero, relative to the parameter.
 * @param options - See {@link DecayedWeightsOptions}.
 * @throws RangeError if the decay is negative.
 * @source Optax `add_decayed_weights`, https://optax.readthedocs.io/en/latest/api/transformations.html.
 *
 * @example No state
 * ```ts
 * import assert from "node:assert/strict";
 * import { addDecayedWeights, chain, sgd } from "cameo/optim";
 *
 * assert.deepEqual(chain(addDecayedWeights(0.1), sgd()).slots, {});
 * ```
 */
export function addDecayedWeights(weightDecay: number, options: DecayedWeightsOptions = {}): Transform {
  check("addDecayedWeights", { weightDecay }, "must be at least 0");
  const decayed: Transform = {
    name: "addDecayedWeights",
    slots: {},
    elementwise: true,
    scalars: () => ({}),
    update: ({ g, gradient, parameter }) => ({
      update: addScaled(g, gradient, parameter, g.scalar(weightDecay, parameter.dtype)),
      state: {},
    }),
  };
  return masked(decayed, () => scale(1), options.mask);
}

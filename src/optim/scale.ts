/** Multiplication by a number as a part of a chain. */

import type { Value } from "../graph/graph.ts";
import { check } from "./_check.ts";
import type { Schedule, Transform } from "./transform.ts";

/**
 * Multiplies the gradient by a constant: `scale(-0.1)` at the end of a chain is plain descent with rate 0.1.
 *
 * @param factor - Any finite number; 1 passes the gradient on.
 * @throws RangeError if the factor is not finite.
 * @source Optax `scale`, https://optax.readthedocs.io/en/latest/api/transformations.html.
 *
 * @example No state, no numbers per step
 * ```ts
 * import assert from "node:assert/strict";
 * import { scale } from "cameo/optim";
 *
 * assert.deepEqual(scale(-0.1).scalars(0), {});
 * ```
 */
export function scale(factor: number): Transform {
  check("scale", { factor }, "must be finite");
  return {
    name: "scale",
    slots: {},
    elementwise: true,
    scalars: () => ({}),
    update: ({ g, gradient }) => ({
      update: factor === 1 ? gradient : g.op("Mul", [gradient, g.scalar(factor, gradient.dtype)]),
      state: {},
    }),
  };
}

/**
 * Multiplies the gradient by a function of the step. The sign is the schedule's: descent needs a negative one.
 *
 * @param schedule - Factor at each step.
 * @throws RangeError, at the step where it happens, if the schedule's value is not finite.
 * @source Optax `scale_by_schedule`, https://optax.readthedocs.io/en/latest/api/transformations.html.
 *
 * @example Descent with a decaying rate
 * ```ts
 * import assert from "node:assert/strict";
 * import { scaleBySchedule } from "cameo/optim";
 *
 * assert.deepEqual(scaleBySchedule((step) => -0.1 / (1 + step)).scalars(1), { factor: -0.05 });
 * ```
 */
export function scaleBySchedule(schedule: Schedule): Transform {
  return {
    name: "scaleBySchedule",
    slots: {},
    elementwise: true,
    scalars(step) {
      const factor = schedule(step);
      check("scaleBySchedule", { [`factor at step ${step}`]: factor }, "must be finite");
      return { factor };
    },
    update: ({ g, gradient, scalars }) => ({
      update: g.op("Mul", [gradient, scalars.factor as Value]),
      state: {},
    }),
  };
}

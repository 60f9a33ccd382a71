/**
 * Schedules: pure functions of the number of completed steps, in double precision on the host. This file has the
 * pieces and the ways to join them; decaying shapes are in `decay.ts` and `cosine.ts`.
 */

import { explain } from "../base/errors.ts";
import { checkRising, countWhile } from "./_boundaries.ts";
import { check } from "./_check.ts";
import type { Schedule } from "./transform.ts";

/**
 * The same value at every step.
 *
 * @param value - Zero or more.
 * @throws RangeError if the value is negative.
 * @source Textbook.
 *
 * @example Constant
 * ```ts
 * import assert from "node:assert/strict";
 * import { constant } from "cameo/optim";
 *
 * assert.equal(constant(0.1)(1e9), 0.1);
 * ```
 */
export function constant(value: number): Schedule {
  check("constant", { value }, "must be at least 0");
  return () => value;
}

/** Options of {@link linear}. */
export interface LinearOptions {
  /** Value at step 0. */
  readonly from: number;
  /** Value at step `steps` and after. */
  readonly to: number;
  /** [steps] Length of the ramp. */
  readonly steps: number;
}

/**
 * A straight line that stays at its end.
 *
 * `optax.linear_schedule`. PyTorch's `LinearLR` is `from: lr·start_factor` (a third, by default) and `to:
 * lr·end_factor`.
 *
 * @param options - See {@link LinearOptions}.
 * @throws RangeError if a value is negative or `steps` is not positive.
 * @source Optax `linear_schedule`, https://optax.readthedocs.io/en/latest/api/optimizer_schedules.html.
 *
 * @example Half way
 * ```ts
 * import assert from "node:assert/strict";
 * import { linear } from "cameo/optim";
 *
 * assert.equal(linear({ from: 0, to: 1, steps: 10 })(5), 0.5);
 * ```
 */
export function linear({ from, to, steps }: LinearOptions): Schedule {
  check("linear", { from, to }, "must be at least 0");
  check("linear", { steps }, "must be positive");
  return (step) => (step >= steps ? to : from + (to - from) * (step / steps));
}

/** Options of {@link warmup}. */
export interface WarmupOptions {
  /** [steps] Length of the ramp. */
  readonly steps: number;
  /**
   * Value at step 0.
   * @defaultValue 0
   */
  readonly from?: number;
}

/**
 * A straight ramp up to the first value of another schedule, which then starts at its own step 0.
 *
 * Optax' `warmup_*` form: the step at the end of the ramp is the first at the full rate, and with `from: 0` the first
 * step of all moves nothing. {@link warmupCosine} has nanoGPT's form, which never is 0.
 *
 * @param options - See {@link WarmupOptions}.
 * @param then - What follows.
 * @throws RangeError if `from` is negative or `steps` is not positive.
 * @source Goyal et al., "Accurate, Large Minibatch SGD", 2017, https://arxiv.org/abs/1706.02677, section 2.2
 * ("gradual warmup").
 *
 * @example Five steps up to a constant
 * ```ts
 * import assert from "node:assert/strict";
 * import { constant, warmup } from "cameo/optim";
 *
 * const schedule = warmup({ steps: 5 }, constant(1));
 * assert.deepEqual([0, 4, 5, 6].map(schedule), [0, 0.8, 1, 1]);
 * ```
 */
export function warmup({ steps, from = 0 }: WarmupOptions, then: Schedule): Schedule {
  check("warmup", { from }, "must be at least 0");
  check("warmup", { steps }, "must be positive");
  return sequence([(step) => from + (then(0) - from) * (step / steps), then], [steps]);
}

/**
 * One schedule after another. Each counts its steps from its own start.
 *
 * `optax.join_schedules`; PyTorch's `SequentialLR`.
 *
 * @param schedules - At least one.
 * @param boundaries - [steps] Where the second and later schedules start: one number fewer than schedules, rising.
 * @throws RangeError if the boundaries do not fit.
 * @source Optax `join_schedules`, https://optax.readthedocs.io/en/latest/api/optimizer_schedules.html.
 *
 * @example The second schedule starts at its own step 0
 * ```ts
 * import assert from "node:assert/strict";
 * import { constant, linear, sequence } from "cameo/optim";
 *
 * const schedule = sequence([constant(1), linear({ from: 1, to: 0, steps: 10 })], [100]);
 * assert.deepEqual([99, 100, 105, 110].map(schedule), [1, 1, 0.5, 0]);
 * ```
 */
export function sequence(schedules: readonly Schedule[], boundaries: readonly number[]): Schedule {
  if (schedules.length === 0 || boundaries.length !== schedules.length - 1)
    throw new RangeError(
      explain({
        api: "sequence",
        action: `join ${schedules.length} schedules`,
        received: `got ${boundaries.length} boundaries`,
        rule: "there must be one boundary fewer than schedules",
      }),
    );
  checkRising("sequence", boundaries);
  return (step) => {
    const passed = countWhile(boundaries, (boundary) => step >= boundary);
    return (schedules[passed] as Schedule)(step - (passed === 0 ? 0 : (boundaries[passed - 1] as number)));
  };
}

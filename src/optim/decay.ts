/** Schedules that fall by steps, powers and roots, with the conventions of PyTorch, TF1 and Optax. */

import { explain } from "../base/errors.ts";
import { checkRising, countWhile } from "./_boundaries.ts";
import { check } from "./_check.ts";
import type { Schedule } from "./transform.ts";

/** Options of {@link stepDecay}. */
export interface StepDecayOptions {
  /** Value at step 0. */
  readonly initial: number;
  /** [steps] Between two drops. */
  readonly size: number;
  /**
   * What each drop multiplies by.
   * @defaultValue 0.1
   */
  readonly factor?: number;
}

/**
 * Multiplies by `factor` every `size` steps: PyTorch's `StepLR`, and TF1's `exponential_decay` with `staircase`.
 *
 * ```text
 * initial · factor^⌊step/size⌋
 * ```
 *
 * @param options - See {@link StepDecayOptions}.
 * @throws RangeError if a value is negative or `size` is not a positive integer.
 * @source PyTorch `StepLR`, https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate.
 *
 * @example Halved every ten steps
 * ```ts
 * import assert from "node:assert/strict";
 * import { stepDecay } from "cameo/optim";
 *
 * assert.deepEqual([0, 9, 10, 20].map(stepDecay({ initial: 1, size: 10, factor: 0.5 })), [1, 1, 0.5, 0.25]);
 * ```
 */
export function stepDecay({ initial, size, factor = 0.1 }: StepDecayOptions): Schedule {
  check("stepDecay", { initial, factor }, "must be at least 0");
  check("stepDecay", { size }, "must be a positive integer");
  return (step) => initial * factor ** Math.floor(step / size);
}

/** Options of {@link multiStep}. */
export interface MultiStepOptions {
  /** Value at step 0. */
  readonly initial: number;
  /** [steps] First step of each lower value, rising. */
  readonly milestones: readonly number[];
  /**
   * What each milestone multiplies by.
   * @defaultValue 0.1
   */
  readonly factor?: number;
}

/**
 * Multiplies by `factor` at each milestone: PyTorch's `MultiStepLR`. The milestone's own step already has the lower
 * value; with {@link piecewiseConstant} it still has the higher one.
 *
 * @param options - See {@link MultiStepOptions}.
 * @throws RangeError if a value is negative or the milestones do not rise.
 * @source PyTorch `MultiStepLR`, https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate.
 *
 * @example The drop is at the milestone
 * ```ts
 * import assert from "node:assert/strict";
 * import { multiStep } from "cameo/optim";
 *
 * assert.deepEqual([29, 30].map(multiStep({ initial: 1, milestones: [30, 80], factor: 0.5 })), [1, 0.5]);
 * ```
 */
export function multiStep({ initial, milestones, factor = 0.1 }: MultiStepOptions): Schedule {
  check("multiStep", { initial, factor }, "must be at least 0");
  checkRising("multiStep", milestones);
  return (step) => initial * factor ** countWhile(milestones, (milestone) => step >= milestone);
}

/** Options of {@link piecewiseConstant}. */
export interface PiecewiseConstantOptions {
  /** [steps] Last step of each value but the last, rising. */
  readonly boundaries: readonly number[];
  /** One value more than boundaries. */
  readonly values: readonly number[];
}

/**
 * One value per interval: TF1's `piecewise_constant`. The boundary's own step still has the old value; PyTorch and
 * Optax drop one step earlier ({@link multiStep}).
 *
 * @param options - See {@link PiecewiseConstantOptions}.
 * @throws RangeError if a value is negative, the boundaries do not rise, or the counts do not fit.
 * @source TensorFlow `tf.compat.v1.train.piecewise_constant`,
 * https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/piecewise_constant.
 *
 * @example The drop is after the boundary
 * ```ts
 * import assert from "node:assert/strict";
 * import { piecewiseConstant } from "cameo/optim";
 *
 * assert.deepEqual([30, 31].map(piecewiseConstant({ boundaries: [30], values: [1, 0.5] })), [1, 0.5]);
 * ```
 */
export function piecewiseConstant({ boundaries, values }: PiecewiseConstantOptions): Schedule {
  for (const [i, value] of values.entries())
    check("piecewiseConstant", { [`values[${i}]`]: value }, "must be at least 0");
  checkRising("piecewiseConstant", boundaries);
  if (values.length !== boundaries.length + 1)
    throw new RangeError(
      explain({
        api: "piecewiseConstant",
        action: `use ${boundaries.length} boundaries`,
        received: `got ${values.length} values`,
        rule: "there must be one value more than boundaries",
      }),
    );
  return (step) => values[countWhile(boundaries, (boundary) => step > boundary)] as number;
}

/** Options of {@link exponentialDecay}, {@link naturalExp} and {@link inverseTime}. */
export interface RateDecayOptions {
  /** Value at step 0. */
  readonly initial: number;
  /** Strength of the decay over `steps`; see the formula. */
  readonly rate: number;
  /** [steps] In which the decay happens once. */
  readonly steps: number;
  /**
   * Decays at multiples of `steps` only.
   * @defaultValue false
   */
  readonly staircase?: boolean;
}

/** step/steps, or its floor; checks what the three schedules share. */
function progressOf(api: string, { initial, rate, steps, staircase = false }: RateDecayOptions): Schedule {
  check(api, { initial, rate }, "must be at least 0");
  check(api, { steps }, "must be positive");
  return staircase ? (step) => Math.floor(step / steps) : (step) => step / steps;
}

/**
 * Multiplies by `rate` every `steps` steps, smoothly or in stairs: `tf.train.exponential_decay`,
 * `optax.exponential_decay`; PyTorch's `ExponentialLR` with `steps: 1`.
 *
 * TF1 takes the floor of a float32 quotient, which goes wrong above 2^24 steps; here it is a double.
 *
 * ```text
 * initial · rate^(step/steps)                              staircase: ⌊step/steps⌋
 * ```
 *
 * @param options - See {@link RateDecayOptions}.
 * @throws RangeError if a value is negative or `steps` is not positive.
 * @source TensorFlow `tf.compat.v1.train.exponential_decay`,
 * https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/exponential_decay. Differs: double precision.
 *
 * @example Smooth and in stairs
 * ```ts
 * import assert from "node:assert/strict";
 * import { exponentialDecay } from "cameo/optim";
 *
 * assert.equal(exponentialDecay({ initial: 1, rate: 0.25, steps: 10 })(5), 0.5);
 * assert.equal(exponentialDecay({ initial: 1, rate: 0.25, steps: 10, staircase: true })(5), 1);
 * ```
 */
export function exponentialDecay(options: RateDecayOptions): Schedule {
  const progress = progressOf("exponentialDecay", options);
  return (step) => options.initial * options.rate ** progress(step);
}

/**
 * Natural exponential decay: TF1's `natural_exp_decay`.
 *
 * ```text
 * initial · e^(−rate·step/steps)                           staircase: ⌊step/steps⌋
 * ```
 *
 * @param options - See {@link RateDecayOptions}.
 * @throws RangeError if a value is negative or `steps` is not positive.
 * @source TensorFlow `tf.compat.v1.train.natural_exp_decay`,
 * https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/natural_exp_decay.
 *
 * @example One e-folding
 * ```ts
 * import assert from "node:assert/strict";
 * import { naturalExp } from "cameo/optim";
 *
 * assert.equal(naturalExp({ initial: 1, rate: 1, steps: 10 })(10), Math.exp(-1));
 * ```
 */
export function naturalExp(options: RateDecayOptions): Schedule {
  const progress = progressOf("naturalExp", options);
  return (step) => options.initial * Math.exp(-options.rate * progress(step));
}

/**
 * Inverse time decay: TF1's `inverse_time_decay`.
 *
 * ```text
 * initial / (1 + rate·step/steps)                          staircase: ⌊step/steps⌋
 * ```
 *
 * @param options - See {@link RateDecayOptions}.
 * @throws RangeError if a value is negative or `steps` is not positive.
 * @source TensorFlow `tf.compat.v1.train.inverse_time_decay`,
 * https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/inverse_time_decay.
 *
 * @example Half after `steps` at rate 1
 * ```ts
 * import assert from "node:assert/strict";
 * import { inverseTime } from "cameo/optim";
 *
 * assert.equal(inverseTime({ initial: 1, rate: 1, steps: 10 })(10), 0.5);
 * ```
 */
export function inverseTime(options: RateDecayOptions): Schedule {
  const progress = progressOf("inverseTime", options);
  return (step) => options.initial / (1 + options.rate * progress(step));
}

/** Options of {@link polynomialDecay}. */
export interface PolynomialDecayOptions {
  /** Value at step 0. */
  readonly initial: number;
  /** [steps] Until the end is reached. */
  readonly steps: number;
  /**
   * Value at the end and after. PyTorch's `PolynomialLR` ends at 0.
   * @defaultValue 1e-4
   */
  readonly end?: number;
  /**
   * Exponent; 1 is a straight line.
   * @defaultValue 1
   */
  readonly power?: number;
  /**
   * Instead of staying at the end, stretches the fall to the next multiple of `steps` whenever one is passed.
   * @defaultValue false
   */
  readonly cycle?: boolean;
}

/**
 * Falls along a power of the remaining share: TF1's `polynomial_decay`, `optax.polynomial_schedule`.
 *
 * ```text
 * (initial − end)·(1 − min(step, D)/D)^power + end         D = steps; with cycle steps·max(1, ⌈step/steps⌉), no min
 * ```
 *
 * @param options - See {@link PolynomialDecayOptions}.
 * @throws RangeError if a value is negative, or `steps` or `power` is not positive.
 * @source TensorFlow `tf.compat.v1.train.polynomial_decay`,
 * https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/polynomial_decay.
 *
 * @example Past the end, with and without cycle
 * ```ts
 * import assert from "node:assert/strict";
 * import { polynomialDecay } from "cameo/optim";
 *
 * assert.equal(polynomialDecay({ initial: 1, steps: 10, end: 0 })(15), 0);
 * assert.equal(polynomialDecay({ initial: 1, steps: 10, end: 0, cycle: true })(15), 0.25);
 * ```
 */
export function polynomialDecay({
  initial,
  steps,
  end = 1e-4,
  power = 1,
  cycle = false,
}: PolynomialDecayOptions): Schedule {
  check("polynomialDecay", { initial, end }, "must be at least 0");
  check("polynomialDecay", { steps, power }, "must be positive");
  return (step) => {
    const length = cycle ? steps * Math.max(1, Math.ceil(step / steps)) : steps;
    return (initial - end) * (1 - Math.min(step, length) / length) ** power + end;
  };
}

/** Options of {@link inverseSquareRoot}. */
export interface InverseSquareRootOptions {
  /** Width of the model, the paper's d_model. */
  readonly size: number;
  /** [steps] Until the peak, which is `scale/√(size·warmup)`. */
  readonly warmup: number;
  /**
   * Multiplies everything.
   * @defaultValue 1
   */
  readonly scale?: number;
}

/**
 * The schedule of the first transformer ("Noam"): a linear rise, then an inverse square root of the step.
 *
 * ```text
 * scale · size^−½ · min(t^−½, t·warmup^−3/2),   t = step + 1
 * ```
 *
 * @param options - See {@link InverseSquareRootOptions}.
 * @throws RangeError if an option is not positive.
 * @source Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762, eq. 3.
 *
 * @example A quarter of the peak rate after sixteen times the warm-up
 * ```ts
 * import assert from "node:assert/strict";
 * import { inverseSquareRoot } from "cameo/optim";
 *
 * const schedule = inverseSquareRoot({ size: 1, warmup: 100 });
 * assert.ok(Math.abs(schedule(1599) - schedule(99) / 4) < 1e-15);
 * ```
 */
export function inverseSquareRoot({ size, warmup, scale = 1 }: InverseSquareRootOptions): Schedule {
  check("inverseSquareRoot", { size, warmup, scale }, "must be positive");
  return (step) => (scale / Math.sqrt(size)) * Math.min(1 / Math.sqrt(step + 1), (step + 1) * warmup ** -1.5);
}

/** The scale of the loss in mixed precision: as large as gradients allow. */

import { explain } from "../base/errors.ts";

/** Options of {@link createLossScale}. */
export interface LossScaleOptions {
  /**
   * Scale of the first step, positive; powers of two cost no digits.
   * @defaultValue 65536
   */
  readonly initial?: number;
  /**
   * Factor after {@link LossScaleOptions.growthInterval} good steps in a row, above 1.
   * @defaultValue 2
   */
  readonly growthFactor?: number;
  /**
   * Factor after a step with a gradient that is not finite, (0, 1).
   * @defaultValue 0.5
   */
  readonly backoffFactor?: number;
  /**
   * Good steps in a row before the scale grows, positive [steps].
   * @defaultValue 2000
   */
  readonly growthInterval?: number;
}

/** What a checkpoint holds of a {@link LossScale}. */
export interface LossScaleState {
  readonly scale: number;
  /** Good steps since the scale last changed. */
  readonly good: number;
  /** Steps that were not taken since the run began: what the optimizer counts is that many less. */
  readonly skipped: number;
}

/** The scale of the loss, which follows the gradients. */
export interface LossScale {
  /** To feed to the next step. */
  readonly scale: number;
  /** Steps that were not taken. */
  readonly skipped: number;
  /**
   * Takes into account how a step went.
   *
   * @param finite - False if a gradient was infinite or NaN: the update must not be taken.
   * @throws RangeError when the scale is so small that scaling cannot be the reason.
   */
  observe(finite: boolean): void;
  /** Everything a checkpoint must hold. */
  save(): LossScaleState;
  /** Goes on from what {@link LossScale.save} gave. */
  restore(state: LossScaleState): void;
}

/** Smallest positive float16: below it a scaled loss of 1 is nothing. */
const least = 2 ** -24;

/**
 * A dynamic scale of the loss: high, halved with every step whose gradients overflow, doubled after many that do not.
 *
 * The scale is a float32, as on the device, and follows PyTorch's GradScaler number for number. What differs: after some forty steps in a row
 * that overflow it gives up, where PyTorch goes on skipping steps forever.
 *
 * @param options - See {@link LossScaleOptions}.
 * @throws RangeError if an option is out of its range.
 * @source Micikevicius et al., "Mixed Precision Training", 2018, https://arxiv.org/abs/1710.03740, section 3.2; defaults of
 * `torch.amp.GradScaler`, https://docs.pytorch.org/docs/stable/amp.html.
 *
 * @example A step that overflows
 * ```ts
 * import assert from "node:assert/strict";
 * import { createLossScale } from "cameo/train";
 *
 * const loss = createLossScale({ growthInterval: 2 });
 * loss.observe(false);
 * assert.deepEqual(loss.save(), { scale: 32768, good: 0, skipped: 1 });
 * loss.observe(true);
 * loss.observe(true);
 * assert.equal(loss.scale, 65536);
 * ```
 */
export function createLossScale(options: LossScaleOptions = {}): LossScale {
  const { initial = 65536, growthFactor = 2, backoffFactor = 0.5, growthInterval = 2000 } = options;
  const require = (holds: boolean, name: string, value: number, rule: string): void => {
    if (holds) return;
    throw new RangeError(explain({ api: "createLossScale", action: `use ${name}`, received: `got ${value}`, rule }));
  };
  require(initial > 0 && Number.isFinite(Math.fround(initial)), "initial", initial, "must be a positive float32");
  require(growthFactor > 1, "growthFactor", growthFactor, "must be above 1");
  require(backoffFactor > 0 && backoffFactor < 1, "backoffFactor", backoffFactor, "must be in (0, 1)");
  require(Number.isInteger(growthInterval) &&
    growthInterval > 0, "growthInterval", growthInterval, "must be a positive integer");
  let state: LossScaleState = { scale: Math.fround(initial), good: 0, skipped: 0 };
  return {
    get scale() {
      return state.scale;
    },
    get skipped() {
      return state.skipped;
    },
    observe: (finite) => {
      const { scale, good, skipped } = state;
      if (!finite) {
        state = { scale: Math.fround(scale * backoffFactor), good: 0, skipped: skipped + 1 };
        if (state.scale < least) throw hopeless(initial);
      } else if (good + 1 < growthInterval) state = { ...state, good: good + 1 };
      else {
        const grown = Math.fround(scale * growthFactor);
        state = { ...state, scale: Number.isFinite(grown) ? grown : scale, good: 0 };
      }
    },
    save: () => state,
    restore: (saved) => {
      state = saved;
    },
  };
}

function hopeless(initial: number): RangeError {
  return new RangeError(
    explain({
      api: "train",
      action: "scale the loss",
      received: `gradients were not finite at any scale from ${initial} down to 2^-24`,
      rule: "gradients must be finite",
      hint: "lower the learning rate, or train in float32",
    }),
  );
}

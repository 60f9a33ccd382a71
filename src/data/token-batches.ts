/** Batches for training a language model on a run of tokens: windows of `context` tokens and, one further, their targets. */

import { DataError, explain } from "../base/errors.ts";
import { RandomStream } from "../base/random.ts";
import type { TokenSource } from "./token-store.ts";

/** A part of a run of tokens. */
export type Split = "train" | "validation";

/** Packed rows of tokens. Legend: B batch size, T context. */
export interface TokenBatch {
  /** [B, T] row by row. */
  readonly inputs: Int32Array;
  /** [B, T]: the token that follows each input. */
  readonly targets: Int32Array;
}

/** Options of {@link tokenBatches}. */
export interface TokenBatchesOptions {
  /** Seed of the random batches: an integer, [0, 2^53). */
  seed: number;
  /** Share of the tokens at the end that is kept for validation, [0, 1). @defaultValue 0.1 */
  validationFraction?: number;
}

/** Options of {@link TokenBatches.batch}. */
export interface BatchOptions {
  /** Rows, B. */
  batchSize: number;
  /** Tokens in a row, T. */
  context: number;
  /** Which part to cut from. */
  split: Split;
  /** Number of the first row within the step: where a rank's or a micro-batch's rows begin. @defaultValue 0 */
  firstRow?: number;
}

/** Options of {@link TokenBatches.windows}. */
export interface WindowsOptions {
  /** Rows, B. */
  batchSize: number;
  /** Tokens in a row, T. */
  context: number;
  /** Which part to go through. */
  split: Split;
  /** Target at positions past the end of the split; such inputs are 0. @defaultValue -1, as nanoGPT */
  ignoreIndex?: number;
}

/** Random and sequential batches of a run of tokens. */
export interface TokenBatches {
  /** Tokens in each split. */
  readonly sizes: Readonly<Record<Split, number>>;
  /**
   * The random batch of a step: a pure function of (seed, split, step, row), so batches can be recomputed in any order,
   * and row r is the same whatever the batch size.
   *
   * @throws DataError if the split is shorter than one window and its targets.
   */
  batch(step: number, options: BatchOptions): TokenBatch;
  /**
   * Every token of the split as a target once (but for the first): windows one after the other, for a full evaluation.
   * The last batch is padded with `ignoreIndex`; `count` is how many targets are real.
   *
   * @throws DataError if the split has fewer than two tokens.
   */
  windows(options: WindowsOptions): Generator<TokenBatch & { readonly count: number }>;
}

/** Room for rows in the counter of one step. */
const ROWS_PER_STEP = 2 ** 20;

/**
 * Splits tokens by position and cuts batches from both parts.
 *
 * The first `floor(n · (1 − validationFraction))` tokens are for training, as nanoGPT's `int(n * 0.9)`. Offsets of random
 * windows are uniform in [0, n − context), also as nanoGPT; windows may overlap and a pass over the data is not a notion
 * here.
 *
 * @shape tokens [n] → inputs [B, T], targets [B, T]
 * @param tokens - An open token store, or anything that reads tokens by position.
 * @param options - See {@link TokenBatchesOptions}.
 * @throws RangeError if the fraction is outside [0, 1).
 * @source https://github.com/karpathy/nanoGPT, train.py, get_batch.
 *
 * @example The same step is the same batch
 * ```ts
 * import assert from "node:assert/strict";
 * import { arrayTokens, tokenBatches } from "cameo/data";
 *
 * const data = tokenBatches(arrayTokens(Array.from({ length: 100 }, (_, i) => i)), { seed: 1 });
 * const { inputs, targets } = data.batch(7, { batchSize: 2, context: 8, split: "train" });
 * assert.equal(targets[0], inputs[1]);
 * assert.deepEqual(data.batch(7, { batchSize: 2, context: 8, split: "train" }).inputs, inputs);
 * ```
 */
export function tokenBatches(tokens: TokenSource, options: TokenBatchesOptions): TokenBatches {
  const { seed, validationFraction = 0.1 } = options;
  if (!(validationFraction >= 0 && validationFraction < 1)) {
    const received = `got ${validationFraction}`;
    throw new RangeError(
      explain({ api: "tokenBatches", action: "use validationFraction", received, rule: "must be in [0, 1)" }),
    );
  }
  const train = Math.floor(tokens.length * (1 - validationFraction));
  const sizes = { train, validation: tokens.length - train };
  const starts = { train: 0, validation: train };
  const streams = {
    train: new RandomStream(seed, "batch/train"),
    validation: new RandomStream(seed, "batch/validation"),
  };

  const require = (split: Split, needed: number, what: string): void => {
    if (sizes[split] >= needed) return;
    const received = `the ${split} split has ${sizes[split]} of ${tokens.length} tokens`;
    const hint =
      split === "validation"
        ? "give more text, a shorter context or a larger validationFraction"
        : "give more text or a shorter context";
    throw new DataError(
      explain({ api: "tokenBatches", action: `cut ${what}`, received, rule: `needs at least ${needed}`, hint }),
    );
  };

  return {
    sizes,
    batch(step, { batchSize, context, split, firstRow = 0 }) {
      checkSizes(batchSize, context);
      if (!Number.isInteger(step) || step < 0 || step >= 2 ** 31)
        throw argument("use step", step, "must be an integer in [0, 2^31)");
      if (!Number.isInteger(firstRow) || firstRow < 0 || firstRow + batchSize > ROWS_PER_STEP)
        throw argument("use firstRow", firstRow, `firstRow + batchSize must be at most ${ROWS_PER_STEP}`);
      require(split, context + 1, `a window of ${context} tokens and its targets`);
      const inputs = new Int32Array(batchSize * context);
      const targets = new Int32Array(batchSize * context);
      const window = new Int32Array(context + 1);
      for (let row = 0; row < batchSize; row++) {
        const offset = streams[split].integer(step * ROWS_PER_STEP + firstRow + row, sizes[split] - context);
        tokens.read(starts[split] + offset, context + 1, window, 0);
        inputs.set(window.subarray(0, context), row * context);
        targets.set(window.subarray(1), row * context);
      }
      return { inputs, targets };
    },
    *windows({ batchSize, context, split, ignoreIndex = -1 }) {
      checkSizes(batchSize, context);
      require(split, 2, "a token and its target");
      const targetsInAll = sizes[split] - 1;
      const window = new Int32Array(context + 1);
      for (let at = 0; at < targetsInAll; at += batchSize * context) {
        const inputs = new Int32Array(batchSize * context);
        const targets = new Int32Array(batchSize * context).fill(ignoreIndex);
        const count = Math.min(batchSize * context, targetsInAll - at);
        for (let done = 0; done < count; done += context) {
          const length = Math.min(context, count - done);
          tokens.read(starts[split] + at + done, length + 1, window, 0);
          inputs.set(window.subarray(0, length), done);
          targets.set(window.subarray(1, length + 1), done);
        }
        yield { inputs, targets, count };
      }
    },
  };
}

function argument(action: string, received: unknown, rule: string): RangeError {
  return new RangeError(explain({ api: "tokenBatches", action, received: `got ${String(received)}`, rule }));
}

function checkSizes(batchSize: number, context: number): void {
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw argument("use batchSize", batchSize, "must be a positive integer");
  if (!Number.isInteger(context) || context < 1) throw argument("use context", context, "must be a positive integer");
}

/**
 * Tokens that are already in memory, as a {@link TokenSource}. They are read in place, not copied.
 *
 * @param tokens - Ids, one a position.
 */
export function arrayTokens(tokens: ArrayLike<number>): TokenSource {
  return {
    length: tokens.length,
    read(position, count, into, at) {
      for (let i = 0; i < count; i++) into[at + i] = tokens[position + i] as number;
    },
  };
}

/** Batches for a language model over tokens that can be read by position: what a text is, wherever its tokens lie. */

import { DataError, explain } from "../base/errors.ts";
import { tokenBatches } from "../data/token-batches.ts";
import type { TokenSource } from "../data/token-store.ts";
import type { Dataset } from "../train/model.ts";
import { sequenceFirst } from "./gpt.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

/** Put between the files of a corpus, and learnt as one token by a bpe tokenizer. */
export const documentSeparator = "<|endoftext|>";

/** Text ready for training. */
export interface TokenDataset extends Dataset {
  readonly tokenizer: Tokenizer;
  /** Tokens in each split. */
  readonly sizes: { readonly train: number; readonly validation: number };
}

/** How batches are cut. */
export interface TokenDatasetOptions {
  /** Sequence length [tokens]. */
  readonly context: number;
  /** Share at the end kept for validation, [0, 1). */
  readonly validationFraction: number;
  /** Decides which windows of the text each training batch holds. */
  readonly seed: number;
}

/**
 * Cuts batches from tokens.
 *
 * @param tokens - The text.
 * @param tokenizer - What made the tokens.
 * @param tokenizerHash - Its name by content.
 * @param options - See {@link TokenDatasetOptions}.
 * @throws DataError if the training part is shorter than one window.
 */
export function tokenDataset(
  tokens: TokenSource,
  tokenizer: Tokenizer,
  tokenizerHash: string,
  options: TokenDatasetOptions,
): TokenDataset {
  const { context, seed, validationFraction } = options;
  const batches = tokenBatches(tokens, { seed, validationFraction });
  if (batches.sizes.train < context + 1)
    throw new DataError(
      explain({
        api: "train",
        action: "cut a batch",
        received: `the text has ${batches.sizes.train} training tokens`,
        rule: `one sequence takes ${context + 1}`,
        hint: "give more text with --data, or a shorter --context",
      }),
    );
  const starts = { train: 0, validation: batches.sizes.train };
  return {
    tokenizer,
    sizes: batches.sizes,
    fingerprint: `${tokenizerHash}:${tokens.length}`,
    batch: (index, batchSize) => {
      const { inputs, targets } = batches.batch(index, { batchSize, context, split: "train" });
      return { tokens: sequenceFirst(inputs, batchSize), labels: sequenceFirst(targets, batchSize) };
    },
    evaluation: (split, index, batchSize) => {
      const windows = Math.floor((batches.sizes[split] - 1) / context);
      const first = index * batchSize;
      // Whole batches only, except that a split too short for one repeats its windows.
      if (windows < 1 || (index > 0 && first + batchSize > windows)) return null;
      const inputs = new Int32Array(batchSize * context);
      const targets = new Int32Array(batchSize * context);
      const window = new Int32Array(context + 1);
      for (let row = 0; row < batchSize; row++) {
        tokens.read(starts[split] + ((first + row) % windows) * context, context + 1, window, 0);
        inputs.set(window.subarray(0, context), row * context);
        targets.set(window.subarray(1), row * context);
      }
      return { tokens: sequenceFirst(inputs, batchSize), labels: sequenceFirst(targets, batchSize) };
    },
  };
}

/** A user's text as batches for a language model: tokenizer and tokens are made once and kept beside the run. */

import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DataError, explain } from "../base/errors.ts";
import { writeAtomically } from "../base/files.ts";
import { RandomStream } from "../base/random.ts";
import { findTextFiles, readText } from "../data/files.ts";
import { tokenBatches } from "../data/token-batches.ts";
import { openTokenStore, readTokenStoreHeader, writeTokenStore } from "../data/token-store.ts";
import type { Dataset } from "../train/model.ts";
import { holdsRun } from "../train/run-folder.ts";
import { sequenceFirst } from "./gpt.ts";
import { trainBpe } from "./tokenizer/bpe-train.ts";
import { trainCharacter } from "./tokenizer/character.ts";
import { hashTokenizer, loadTokenizer } from "./tokenizer/load.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

/** Put between the files of a corpus, and learnt as one token by a bpe tokenizer. */
export const documentSeparator = "<|endoftext|>";

/** Options of {@link textDataset}. */
export interface TextDatasetOptions {
  /** Files, folders or globs. */
  readonly paths: readonly string[];
  /** Folder for `tokenizer.json` and the tokens. What is there already is used as it is. */
  readonly folder: string;
  /** What a token is, when the folder has no tokenizer yet. */
  readonly tokenizer: "bpe" | "character";
  /** Tokens that a bpe tokenizer learns. */
  readonly vocabulary: number;
  /** Sequence length [tokens]. */
  readonly context: number;
  /** Share at the end kept for validation, [0, 1). */
  readonly validationFraction: number;
  /**
   * `"path"`: one after the other by path. `"shuffled"`: in an order that the seed decides, so that the end of the text, which is
   * kept for validation, is a sample of all files and not those whose names come last.
   * @defaultValue "path"
   */
  readonly fileOrder?: "path" | "shuffled";
  /** Decides which windows of the text each training batch holds. */
  readonly seed: number;
  /** Told what is being done: "learning a tokenizer", "encoding". */
  readonly onProgress?: (message: string) => void;
  /** Ends the preparation; the next one begins anew. */
  readonly signal?: AbortSignal;
}

/** Text ready for training. */
export interface TextDataset extends Dataset, Disposable {
  readonly tokenizer: Tokenizer;
  /** Tokens in each split. */
  readonly sizes: { readonly train: number; readonly validation: number };
  /** Files that were left out and why. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * Makes batches of text: learns a tokenizer, encodes the text to a file of tokens in the folder, and cuts windows from it. Nothing reads the
 * corpus whole into memory. A folder that was filled before is reused, so a resumed run sees the same tokens even if the text has changed.
 *
 * @param options - See {@link TextDatasetOptions}.
 * @returns The data set; dispose it to close the token file.
 * @throws DataError if the text is empty, binary, unreadable, or shorter than one window.
 */
export async function textDataset(options: TextDatasetOptions): Promise<TextDataset> {
  const { folder, context, seed, validationFraction } = options;
  const tell = options.onProgress ?? (() => {});
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const tokenizerPath = join(folder, "tokenizer.json");
  const tokensPath = join(folder, "tokens");
  let skipped: readonly { path: string; reason: string }[] = [];
  let header = existsSync(tokenizerPath) ? readTokenStoreHeader(tokensPath) : undefined;
  if (header === undefined) {
    const found = await findTextFiles(options.paths, {
      // Recipes, logs and tokenizers of runs, this one's too, are text that nobody means.
      whyLeftOut: (path) => (holdsRun(path) ? "it is the folder of a run" : undefined),
    });
    skipped = found.skipped;
    const files = options.fileOrder === "shuffled" ? shuffled(found.files, seed) : found.files;
    const separator = options.tokenizer === "bpe" ? documentSeparator : "\n\n";
    const text = () => readText(files, { separator, ...signal });
    tell(
      `learning a ${options.tokenizer} tokenizer from ${found.files.length} file${found.files.length === 1 ? "" : "s"}`,
    );
    const tokenizer =
      options.tokenizer === "character"
        ? await trainCharacter(text(), signal)
        : await trainBpe(text(), { vocabularySize: options.vocabulary, specialTokens: [documentSeparator], ...signal });
    await mkdir(folder, { recursive: true });
    await writeAtomically(tokenizerPath, `${JSON.stringify(tokenizer.toJSON())}\n`);
    header = await writeTokenStore(tokensPath, {
      text: text(),
      encoder: tokenizer.encodeStream(),
      vocabulary: tokenizer.size,
      tokenizer: await hashTokenizer(tokenizer),
      sources: files,
      onProgress: (tokens) => tell(`encoding: ${tokens.toLocaleString("en")} tokens`),
      ...signal,
    });
  }
  const tokenizer = await loadTokenizer(tokenizerPath);
  if ((await hashTokenizer(tokenizer)) !== header.tokenizer)
    throw new DataError(
      explain({
        api: "train",
        action: `use the tokens in "${folder}"`,
        received: "another tokenizer made them",
        rule: "tokenizer.json and the tokens belong together",
        hint: "restore the folder, or start a new run",
      }),
    );
  const store = openTokenStore(tokensPath);
  const batches = tokenBatches(store, { seed, validationFraction });
  if (batches.sizes.train < context + 1) {
    store[Symbol.dispose]();
    throw new DataError(
      explain({
        api: "train",
        action: "cut a batch",
        received: `the text has ${batches.sizes.train} training tokens`,
        rule: `one sequence takes ${context + 1}`,
        hint: "give more text with --data, or a shorter --context",
      }),
    );
  }
  const starts = { train: 0, validation: batches.sizes.train };
  return {
    tokenizer,
    sizes: batches.sizes,
    skipped,
    fingerprint: `${header.tokenizer}:${header.tokens}`,
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
        store.read(starts[split] + ((first + row) % windows) * context, context + 1, window, 0);
        inputs.set(window.subarray(0, context), row * context);
        targets.set(window.subarray(1), row * context);
      }
      return { tokens: sequenceFirst(inputs, batchSize), labels: sequenceFirst(targets, batchSize) };
    },
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}

/** Files in an order that depends on their number and the seed alone. */
function shuffled<T>(files: readonly T[], seed: number): T[] {
  const stream = new RandomStream(seed, "files");
  const order = [...files];
  for (let i = order.length - 1; i > 0; i--) {
    const j = stream.integer(i, i + 1);
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}

/** A user's text as batches for a language model: tokenizer and tokens are made once and kept beside the run. */

import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DataError, explain } from "../base/errors.ts";
import { writeAtomically } from "../base/files.ts";
import { RandomStream } from "../base/random.ts";
import { findTextFiles, readText } from "../data/files.ts";
import { openTokenStore, readTokenStoreHeader, writeTokenStore } from "../data/token-store.ts";
import { holdsRun } from "../train/run-folder.ts";
import { learnTokenizer, type TokenizerChoice } from "./learn-tokenizer.ts";
import { documentSeparator, type TokenDataset, type TokenDatasetOptions, tokenDataset } from "./token-dataset.ts";
import { hashTokenizer } from "./tokenizer/from-json.ts";
import { loadTokenizer } from "./tokenizer/load.ts";

/** Options of {@link textDataset}. */
export interface TextDatasetOptions extends TokenDatasetOptions, TokenizerChoice {
  /** Files, folders or globs. */
  readonly paths: readonly string[];
  /** Folder for `tokenizer.json` and the tokens. What is there already is used as it is. */
  readonly folder: string;
  /**
   * `"path"`: one after the other by path. `"shuffled"`: in an order that the seed decides, so that the end of the text, which is
   * kept for validation, is a sample of all files and not those whose names come last.
   * @defaultValue "path"
   */
  readonly fileOrder?: "path" | "shuffled";
  /** Told what is being done: "learning a tokenizer", "encoding". */
  readonly onProgress?: (message: string) => void;
}

/** Text ready for training; dispose it to close the file of tokens. */
export interface TextDataset extends TokenDataset, Disposable {
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
  const { folder } = options;
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
    const files = options.fileOrder === "shuffled" ? shuffled(found.files, options.seed) : found.files;
    const separator = options.tokenizer === "bpe" ? documentSeparator : "\n\n";
    const text = () => readText(files, { separator, ...signal });
    tell(
      `learning a ${options.tokenizer} tokenizer from ${found.files.length} file${found.files.length === 1 ? "" : "s"}`,
    );
    const tokenizer = await learnTokenizer(text(), options);
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
  const close = () => store[Symbol.dispose]();
  try {
    return { ...tokenDataset(store, tokenizer, header.tokenizer, options), skipped, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
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

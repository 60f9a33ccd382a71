/** A text in memory as batches for a language model: for browsers, and for texts that a program makes. */

import { DataError, explain } from "../base/errors.ts";
import { decodedText } from "../data/decoded-text.ts";
import { arrayTokens } from "../data/token-batches.ts";
import { learnTokenizer, type TokenizerChoice } from "./learn-tokenizer.ts";
import { type TokenDataset, type TokenDatasetOptions, tokenDataset } from "./token-dataset.ts";
import { hashTokenizer } from "./tokenizer/from-json.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

/** Options of {@link encodeText}. */
export interface EncodeTextOptions extends TokenizerChoice {
  /** Told what is being done: "learning a tokenizer", "encoding". */
  readonly onProgress?: (message: string) => void;
}

/** A text as tokens, with what made them. */
export interface EncodedText {
  readonly tokenizer: Tokenizer;
  /** Ids in order; as wide as the vocabulary needs. */
  readonly tokens: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
}

/**
 * Learns a tokenizer from a text and encodes the text with it. The tokens are those that `textDataset` makes of a file with this text.
 *
 * @param text - The text, or a blob (a file that was picked or dropped) that holds it as UTF-8 and is read piece by piece.
 * @param options - See {@link EncodeTextOptions}.
 * @throws DataError if the text is empty or not text.
 */
export async function encodeText(text: string | Blob, options: EncodeTextOptions): Promise<EncodedText> {
  const tell = options.onProgress ?? (() => {});
  const { signal } = options;
  const blob = typeof text === "string" ? new Blob([text]) : text;
  const name = blob instanceof File ? blob.name : "the text";
  const pieces = () => decodedText(blob.stream(), name, signal);
  tell(`learning a ${options.tokenizer} tokenizer`);
  const tokenizer = await learnTokenizer(pieces(), options);
  let tokens = tokenizer.size <= 65536 ? new Uint16Array(1024) : new Uint32Array(1024);
  let count = 0;
  const put = (ids: Uint32Array): void => {
    if (count + ids.length > tokens.length) {
      const room = Math.max(count + ids.length, 2 * tokens.length);
      const wider = tokens instanceof Uint16Array ? new Uint16Array(room) : new Uint32Array(room);
      wider.set(tokens.subarray(0, count));
      tokens = wider;
    }
    tokens.set(ids, count);
    count += ids.length;
    tell(`encoding: ${count.toLocaleString("en")} tokens`);
  };
  const encoder = tokenizer.encodeStream();
  for await (const piece of pieces()) put(encoder.push(piece));
  put(encoder.end());
  if (count === 0)
    throw new DataError(
      explain({
        api: "readText",
        action: `read "${name}"`,
        received: "the text has no tokens",
        rule: "needs at least one",
      }),
    );
  return { tokenizer, tokens: tokens.slice(0, count) };
}

/** Options of {@link memoryTextDataset}. */
export interface MemoryTextOptions extends TokenDatasetOptions, EncodeTextOptions {}

/**
 * Makes batches of a text in memory: the same tokenizer, windows and batches as `textDataset` makes of a file with this text.
 *
 * @param text - The text, or a blob that holds it as UTF-8.
 * @param options - See {@link MemoryTextOptions}.
 * @throws DataError if the text is empty, not text, or shorter than one window.
 *
 * @example A character a token
 * ```ts
 * import assert from "node:assert/strict";
 * import { memoryTextDataset } from "cameo/text";
 *
 * const data = await memoryTextDataset("hello world, hello all", {
 *   tokenizer: "character",
 *   vocabulary: 257,
 *   context: 4,
 *   validationFraction: 0.1,
 *   seed: 1,
 * });
 * const { tokens } = await data.batch(0, 1);
 * assert.ok("hello world, hello all".includes(data.tokenizer.decode(tokens as Int32Array)));
 * ```
 */
export async function memoryTextDataset(text: string | Blob, options: MemoryTextOptions): Promise<TokenDataset> {
  return await encodedDataset(await encodeText(text, options), options);
}

/**
 * Makes batches of a text that was encoded before.
 *
 * @param text - From {@link encodeText}.
 * @param options - See `TokenDatasetOptions`.
 * @throws DataError if the text is shorter than one window.
 */
export async function encodedDataset(
  { tokenizer, tokens }: EncodedText,
  options: TokenDatasetOptions,
): Promise<TokenDataset> {
  return tokenDataset(arrayTokens(tokens), tokenizer, await hashTokenizer(tokenizer), options);
}

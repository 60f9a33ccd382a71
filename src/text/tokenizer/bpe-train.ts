/** Trains a byte-level BPE tokenizer on a stream of text. */

import { DataError, explain } from "../../base/errors.ts";
import { byteCharacters, byteOrder } from "./_byte-level.ts";
import { type ComponentJson, checkSpecialTokens, specialTokenJson, type TokenizerJson } from "./_json.ts";
import { learnMerges, type Merge } from "./_learn-merges.ts";
import { cl100kPattern } from "./_pattern.ts";
import { readPreTokenizer } from "./_pre-tokenizer.ts";
import { SpecialMatcher } from "./_sections.ts";
import { Segmenter } from "./_segmenter.ts";
import { WordCounts } from "./_word-counts.ts";
import { BpeTokenizer } from "./bpe.ts";
import type { TextStream } from "./tokenizer.ts";

/** Options of {@link trainBpe}. */
export interface TrainBpeOptions {
  /**
   * Tokens in all: 256 bytes, the special tokens, and merges for the rest. Fewer result when the text has too few pairs
   * that occur {@link minFrequency} times.
   */
  vocabularySize: number;
  /** Tokens with a meaning of their own; they get the last ids, as in GPT-2. @defaultValue none */
  specialTokens?: readonly string[];
  /**
   * How text is cut into words, which no token crosses. `"cl100k"` suits code, numbers and most languages; `"gpt2"` is
   * for parity with GPT-2. @defaultValue "cl100k"
   */
  pattern?: "gpt2" | "cl100k";
  /** A pair is merged only if it occurs this often. @defaultValue 2 */
  minFrequency?: number;
  /** Distinct words counted at most; beyond it the rarest are dropped. About 200 bytes each. @defaultValue 1,048,576 */
  maxWords?: number;
  /** Called now and then: tokens learned, of how many. */
  onProgress?: (learned: number, of: number) => void;
  /** Stops the training; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

const preTokenizers: Readonly<Record<"gpt2" | "cl100k", ComponentJson>> = {
  gpt2: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  cl100k: {
    type: "Sequence",
    pretokenizers: [
      { type: "Split", pattern: { Regex: cl100kPattern }, behavior: "Isolated", invert: false },
      { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  },
};

/**
 * Learns a byte-level BPE vocabulary from text, in one pass and bounded memory.
 *
 * The same text gives the same tokenizer however it is cut into pieces. Pairs with equal counts are merged in the order
 * of their ids (left, then right), so the merges equal those of Hugging Face's `BpeTrainer` with the byte alphabet, as
 * long as no word had to be dropped (see {@link TrainBpeOptions.maxWords}).
 *
 * @param text - The corpus in pieces; special tokens in it are left out of the counts and no token crosses them.
 * @param options - See {@link TrainBpeOptions}.
 * @throws RangeError if the vocabulary cannot hold the bytes and the special tokens.
 * @throws DataError if the text is empty.
 * @source Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units", 2016,
 * https://arxiv.org/abs/1508.07909, Algorithm 1. Differs: pair counts are updated, not recounted.
 *
 * @example A vocabulary of a text's own
 * ```ts
 * import assert from "node:assert/strict";
 * import { trainBpe } from "cameo/text";
 *
 * const tokenizer = await trainBpe(["low lower lowest low low"], { vocabularySize: 258 });
 * assert.equal(tokenizer.encode("low").length, 1);
 * ```
 */
export async function trainBpe(text: TextStream, options: TrainBpeOptions): Promise<BpeTokenizer> {
  const {
    vocabularySize,
    specialTokens = [],
    pattern = "cl100k",
    minFrequency = 2,
    maxWords = 2 ** 20,
    signal,
  } = options;
  checkSpecialTokens("trainBpe", specialTokens);
  const room = vocabularySize - 256 - specialTokens.length;
  if (!Number.isInteger(vocabularySize) || room < 0 || vocabularySize > 2 ** 21) {
    const rule = `must be an integer from ${256 + specialTokens.length} (bytes and special tokens) to 2097152`;
    throw new RangeError(
      explain({ api: "trainBpe", action: "use vocabularySize", received: `got ${vocabularySize}`, rule }),
    );
  }

  const words = await countWords(text, pattern, specialTokens, maxWords, signal);
  const idOfByte = new Uint8Array(256);
  for (const [id, byte] of byteOrder.entries()) idOfByte[byte] = id;
  const utf8 = new TextEncoder();
  const counted = Array.from(words.entries(), ([word, count]) => ({
    symbols: utf8.encode(word).map((byte) => idOfByte[byte] as number),
    count,
  }));
  const alphabet = byteOrder.map((byte) => byteCharacters[byte] as string);
  const merges = await learnMerges(counted, {
    alphabet,
    tokens: room,
    minFrequency,
    onToken: async (learned) => {
      if (learned % 64 !== 0) return;
      options.onProgress?.(learned, room);
      await new Promise((resolve) => setTimeout(resolve));
      signal?.throwIfAborted();
    },
  });
  return new BpeTokenizer(tokenizerJson(alphabet, merges, specialTokens, pattern));
}

async function countWords(
  text: TextStream,
  pattern: "gpt2" | "cl100k",
  specialTokens: readonly string[],
  maxWords: number,
  signal: AbortSignal | undefined,
): Promise<WordCounts> {
  const words = new WordCounts(maxWords);
  const specials = new SpecialMatcher(new Map(specialTokens.map((token, i) => [token, i])));
  const segmenter = new Segmenter(
    { specials, preTokenizer: readPreTokenizer(preTokenizers[pattern]), nfc: false },
    { words: (settled, count) => words.add(settled, count), special: () => {} },
  );
  let empty = true;
  for await (const chunk of text) {
    signal?.throwIfAborted();
    empty &&= chunk === "";
    segmenter.push(chunk);
  }
  segmenter.end();
  if (empty) {
    const rule = "needs at least one character";
    throw new DataError(
      explain({ api: "trainBpe", action: "learn a vocabulary", received: "the text is empty", rule }),
    );
  }
  return words;
}

function tokenizerJson(
  alphabet: readonly string[],
  merges: readonly Merge[],
  specialTokens: readonly string[],
  pattern: "gpt2" | "cl100k",
): TokenizerJson {
  const names = [...alphabet];
  for (const { left, right, id } of merges) names[id] ??= `${names[left]}${names[right]}`;
  const added = specialTokens.map((token, i) => specialTokenJson(token, names.length + i));
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: preTokenizers[pattern],
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      // fromEntries, not assignment: "__proto__" is a token of many corpora of code.
      vocab: Object.fromEntries([...names, ...specialTokens].map((token, id) => [token, id])),
      merges: merges.map(({ left, right }) => `${names[left]} ${names[right]}`),
    },
  };
}

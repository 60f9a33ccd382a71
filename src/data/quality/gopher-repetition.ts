/** The repetition rules of Gopher's data set. */

import { repeats, type TextDocument, type TextFilter } from "./document.ts";
import type { RemovalReason } from "./reasons.ts";

/** Options of {@link gopherRepetition}. Each is the largest share that passes, (0, 1]. */
export interface GopherRepetitionOptions {
  /** Of lines that occurred before. @defaultValue 0.3 */
  readonly maxLines?: number;
  /** Of paragraphs that occurred before. @defaultValue 0.3 */
  readonly maxParagraphs?: number;
  /** Of characters in such lines. @defaultValue 0.2 */
  readonly maxLineCharacters?: number;
  /** Of characters in such paragraphs. @defaultValue 0.2 */
  readonly maxParagraphCharacters?: number;
  /** Of characters in the commonest group of 2, 3 and 4 words. @defaultValue [0.2, 0.18, 0.16] */
  readonly maxTopGrams?: readonly [number, number, number];
  /** Of characters in groups of 5 … 10 words that occurred before. @defaultValue [0.15, 0.14, 0.13, 0.12, 0.11, 0.1] */
  readonly maxRepeatedGrams?: readonly [number, number, number, number, number, number];
}

/**
 * Gopher's repetition filter: removes texts that say the same again and again.
 *
 * The order of the rules, and which occurrences count, are those of datatrove.
 *
 * @param options - See {@link GopherRepetitionOptions}.
 * @returns The filter.
 * @source Rae et al., "Scaling Language Models: Methods, Analysis & Insights from Training Gopher", 2021,
 * https://arxiv.org/abs/2112.11446, table A1.
 *
 * @example The same line five times
 * ```ts
 * import assert from "node:assert/strict";
 * import { gopherRepetition, TextDocument } from "cameo/data/quality";
 *
 * assert.equal(gopherRepetition().judge(new TextDocument("Buy now!\n".repeat(5))), "repeated-lines");
 * ```
 */
export function gopherRepetition(options: GopherRepetitionOptions = {}): TextFilter<RemovalReason> {
  const thresholds = {
    maxLines: 0.3,
    maxParagraphs: 0.3,
    maxLineCharacters: 0.2,
    maxParagraphCharacters: 0.2,
    maxTopGrams: [0.2, 0.18, 0.16] as const,
    maxRepeatedGrams: [0.15, 0.14, 0.13, 0.12, 0.11, 0.1] as const,
    ...options,
  };
  return {
    name: "gopher-repetition",
    version: 1,
    thresholds,
    judge({ text, words }: TextDocument) {
      if (words.length === 0) return "empty-text";
      const paragraphs = text.trim().split(/\n{2,}/);
      const again = repeats(paragraphs);
      if (again.count / paragraphs.length > thresholds.maxParagraphs) return "repeated-paragraphs";
      if (again.characters / text.length > thresholds.maxParagraphCharacters) return "repeated-paragraph-characters";
      const lines = text.split(/\n+/);
      const { count, characters } = repeats(lines);
      if (count / lines.length > thresholds.maxLines) return "repeated-lines";
      if (characters / text.length > thresholds.maxLineCharacters) return "repeated-line-characters";
      const grams = new WordGrams(words);
      for (const [i, most] of thresholds.maxTopGrams.entries()) {
        grams.grow();
        if (grams.topCharacters() / text.length > most) return `top-${i + 2}-gram` as RemovalReason;
      }
      for (const [i, most] of thresholds.maxRepeatedGrams.entries()) {
        grams.grow();
        if (grams.allDiffer) return null; // so do all longer ones
        if (grams.repeatedCharacters() / text.length > most) return `repeated-${i + 5}-grams` as RemovalReason;
      }
      return null;
    },
  };
}

/**
 * Groups of n successive words, as numbers: equal groups have equal numbers. Those of n + 1 words come from those of n, and only groups
 * that occur twice need a look-up, which few do.
 */
class WordGrams {
  readonly #words: readonly string[];
  readonly #wordIds: Int32Array;
  readonly #ends: Float64Array; // characters before each word
  #size = 1;
  #ids: Int32Array;
  #counts: Int32Array;

  constructor(words: readonly string[]) {
    this.#words = words;
    const known = new Map<string, number>();
    this.#wordIds = new Int32Array(words.length);
    this.#ends = new Float64Array(words.length + 1);
    for (const [i, word] of words.entries()) {
      const id = known.get(word) ?? known.size;
      if (id === known.size) known.set(word, id);
      this.#wordIds[i] = id;
      this.#ends[i + 1] = (this.#ends[i] as number) + word.length;
    }
    this.#ids = this.#wordIds;
    this.#counts = countIds(this.#ids, known.size);
  }

  /** Whether no group occurs twice. */
  get allDiffer(): boolean {
    return this.#counts.length === this.#ids.length;
  }

  /** Goes on to groups of one word more. */
  grow(): void {
    const known = new Map<number, number>();
    const length = Math.max(0, this.#words.length - this.#size);
    const ids = new Int32Array(length);
    let next = 0;
    for (let i = 0; i < length; i++) {
      const id = this.#ids[i] as number;
      if (this.#counts[id] === 1) {
        ids[i] = next++;
        continue;
      }
      const key = id * 2 ** 26 + (this.#wordIds[i + this.#size] as number);
      const found = known.get(key);
      if (found === undefined) known.set(key, next);
      ids[i] = found ?? next++;
    }
    this.#ids = ids;
    this.#counts = countIds(ids, next);
    this.#size++;
  }

  /** Characters in all occurrences of the commonest group, spaces within it included; of the first such if several are. */
  topCharacters(): number {
    if (this.#ids.length === 0) return 0;
    const most = this.#counts.reduce((a, b) => Math.max(a, b), 0);
    const at = this.#ids.findIndex((id) => this.#counts[id] === most);
    return (this.#characters(at) + this.#size - 1) * most;
  }

  /** Characters in groups that occurred before, none counted twice. */
  repeatedCharacters(): number {
    const seen = new Uint8Array(this.#counts.length);
    let sum = 0;
    for (let i = 0; i < this.#ids.length; ) {
      const id = this.#ids[i] as number;
      const isAgain = seen[id] === 1;
      if (isAgain) sum += this.#characters(i);
      seen[id] = 1;
      i += isAgain ? this.#size : 1;
    }
    return sum;
  }

  #characters(at: number): number {
    return (this.#ends[at + this.#size] as number) - (this.#ends[at] as number);
  }
}

function countIds(ids: Int32Array, numIds: number): Int32Array {
  const counts = new Int32Array(numIds);
  for (const id of ids) counts[id] = (counts[id] as number) + 1;
  return counts;
}

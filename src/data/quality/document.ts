/** A text as filters see it: its words, lines and paragraphs, each split once. */

/** Scripts written without spaces between words: Han, kana, Thai, Lao, Khmer, Myanmar. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const isAscii = /^[\n -~]*$/; // true of most English texts, and told sooner
const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });

/** Not a letter, digit or mark, and so no part of a word. */
const wordCharacter = /[^\p{P}\p{S}\p{C}\p{Z}]/u;

/**
 * Splits a text into words in any language: at white space, and where a script writes none, by the dictionaries of ICU.
 *
 * Punctuation stays with the word it touches, as it does in the papers whose thresholds count words.
 *
 * @param text - Any text.
 * @returns Its words, in order.
 *
 * @example With and without spaces
 * ```ts
 * import assert from "node:assert/strict";
 * import { splitWords } from "cameo/data/quality";
 *
 * assert.deepEqual(splitWords("Well, that works."), ["Well,", "that", "works."]);
 * assert.deepEqual(splitWords("我爱北京"), ["我", "爱", "北京"]);
 * ```
 */
export function splitWords(text: string): string[] {
  if (isAscii.test(text) || !unspaced.test(text)) return text.match(/\S+/g) ?? [];
  const words: string[] = [];
  for (const { segment } of segmenter.segment(text)) if (segment.trim() !== "") words.push(segment);
  return words;
}

/** True of most words, and told sooner than by Unicode. */
export function beginsWithLetter(word: string): boolean {
  const first = word.charCodeAt(0) | 32;
  return first >= 97 && first <= 122;
}

/** A text and its parts, each made when it is first asked for. */
export class TextDocument {
  readonly text: string;
  #words: readonly string[] | undefined;
  #properWords: readonly string[] | undefined;
  #lines: readonly string[] | undefined;

  /** @param text - The whole text. */
  constructor(text: string) {
    this.text = text;
  }

  /** All words. */
  get words(): readonly string[] {
    this.#words ??= splitWords(this.text);
    return this.#words;
  }

  /** Words with more than punctuation and symbols. */
  get properWords(): readonly string[] {
    this.#properWords ??= this.words.filter((word) => beginsWithLetter(word) || wordCharacter.test(word));
    return this.#properWords;
  }

  /** Lines, at any of Unicode's line ends; an end at the end of the text begins no line. */
  get lines(): readonly string[] {
    if (this.#lines === undefined) {
      const lines = this.text.split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/);
      if (lines.at(-1) === "") lines.pop();
      this.#lines = lines;
    }
    return this.#lines;
  }
}

/** What judges a text: pure, with its thresholds in sight. */
export interface TextFilter<Reason extends string = string> {
  /** `"gopher-quality"`. */
  readonly name: string;
  /** Counts up when the filter's judgement changes. */
  readonly version: number;
  /** What it measures against; goes into the certificate. */
  readonly thresholds: Readonly<Record<string, unknown>>;
  /** Why the text should be removed, or null if it should stay. */
  judge(document: TextDocument): Reason | null;
}

/** Number of parts that occurred before, and the characters in them. */
export function repeats(parts: readonly string[]): { readonly count: number; readonly characters: number } {
  const seen = new Set<string>();
  let count = 0;
  let characters = 0;
  for (const part of parts) {
    if (seen.has(part)) {
      count++;
      characters += part.length;
    } else seen.add(part);
  }
  return { count, characters };
}

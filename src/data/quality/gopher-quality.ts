/** The quality rules of Gopher's data set. */

import { beginsWithLetter, type TextDocument, type TextFilter } from "./document.ts";
import type { RemovalReason } from "./reasons.ts";

/** Options of {@link gopherQuality}. A threshold is the last value that passes. */
export interface GopherQualityOptions {
  /** Fewest words. @defaultValue 50 */
  readonly minWords?: number;
  /** Most words. @defaultValue 100000 */
  readonly maxWords?: number;
  /** Shortest mean word [characters]. @defaultValue 3 */
  readonly minMeanWordLength?: number;
  /** Longest mean word [characters]. @defaultValue 10 */
  readonly maxMeanWordLength?: number;
  /** Most hash signs, and most ellipses, per word. @defaultValue 0.1 */
  readonly maxSymbolsPerWord?: number;
  /** Largest share of lines that begin with a bullet. @defaultValue 0.9 */
  readonly maxBulletLines?: number;
  /** Largest share of lines that end in an ellipsis. @defaultValue 0.3 */
  readonly maxEllipsisLines?: number;
  /** Smallest share of words with a letter. @defaultValue 0.8 */
  readonly minAlphabeticWords?: number;
  /** Fewest different stop words. @defaultValue 2 */
  readonly minStopWords?: number;
  /** The stop words. @defaultValue the English ones of the paper: the, be, to, of, and, that, have, with */
  readonly stopWords?: readonly string[];
}

const letter = /\p{L}/u;
const hasLetter = (word: string): boolean => beginsWithLetter(word) || letter.test(word);
const countOf = (text: string, part: string): number => {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
};

/**
 * Gopher's quality filter: enough words, of usual length, with letters and stop words, in lines that are no lists.
 *
 * For texts of web pages in English; give `stopWords` of another language. Words are split at white space and keep their punctuation;
 * datatrove splits with a tokenizer of each language, so counts near a threshold can differ.
 *
 * @param options - See {@link GopherQualityOptions}.
 * @returns The filter.
 * @source Rae et al., "Scaling Language Models: Methods, Analysis & Insights from Training Gopher", 2021,
 * https://arxiv.org/abs/2112.11446, appendix A.1.1.
 *
 * @example Too short
 * ```ts
 * import assert from "node:assert/strict";
 * import { gopherQuality, TextDocument } from "cameo/data/quality";
 *
 * assert.equal(gopherQuality().judge(new TextDocument("Two words.")), "gopher-few-words");
 * ```
 */
export function gopherQuality(options: GopherQualityOptions = {}): TextFilter<RemovalReason> {
  const thresholds = {
    minWords: 50,
    maxWords: 100_000,
    minMeanWordLength: 3,
    maxMeanWordLength: 10,
    maxSymbolsPerWord: 0.1,
    maxBulletLines: 0.9,
    maxEllipsisLines: 0.3,
    minAlphabeticWords: 0.8,
    minStopWords: 2,
    stopWords: ["the", "be", "to", "of", "and", "that", "have", "with"],
    ...options,
  };
  const stopWords = new Set(thresholds.stopWords);
  return {
    name: "gopher-quality",
    version: 1,
    thresholds,
    judge({ text, words, properWords, lines }: TextDocument) {
      if (properWords.length === 0 && thresholds.minWords > 0) return "gopher-few-words";
      if (properWords.length < thresholds.minWords) return "gopher-few-words";
      if (properWords.length > thresholds.maxWords) return "gopher-many-words";
      const mean = properWords.reduce((sum, word) => sum + word.length, 0) / properWords.length;
      if (mean < thresholds.minMeanWordLength) return "gopher-short-words";
      if (mean > thresholds.maxMeanWordLength) return "gopher-long-words";
      if (countOf(text, "#") / words.length > thresholds.maxSymbolsPerWord) return "gopher-hashes";
      const ellipses = countOf(text, "...") + countOf(text, "…");
      if (ellipses / words.length > thresholds.maxSymbolsPerWord) return "gopher-ellipses";
      const shareOf = (fits: (line: string) => boolean): number => lines.filter(fits).length / lines.length;
      if (shareOf((line) => /^\s*[•-]/.test(line)) > thresholds.maxBulletLines) return "gopher-bullet-lines";
      if (shareOf((line) => /(\.\.\.|…)\s*$/.test(line)) > thresholds.maxEllipsisLines) return "gopher-ellipsis-lines";
      if (words.filter(hasLetter).length / words.length < thresholds.minAlphabeticWords) return "gopher-alphabetic";
      const found = new Set<string>();
      for (const word of words) {
        if (stopWords.has(word)) found.add(word);
        if (found.size >= thresholds.minStopWords) return null;
      }
      return found.size < thresholds.minStopWords ? "gopher-stop-words" : null;
    },
  };
}

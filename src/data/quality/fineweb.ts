/** The rules that FineWeb adds. */

import { repeats, type TextDocument, type TextFilter } from "./document.ts";
import type { RemovalReason } from "./reasons.ts";

/** Options of {@link finewebQuality}. */
export interface FinewebQualityOptions {
  /** Smallest share of lines that end in terminal punctuation. @defaultValue 0.12 */
  readonly minPunctuatedLines?: number;
  /** Largest share of short lines. @defaultValue 0.67 */
  readonly maxShortLines?: number;
  /** Longest line that is short [characters]. @defaultValue 30 */
  readonly shortLineLength?: number;
  /** Largest share of characters in lines that occurred before. @defaultValue 0.01 */
  readonly maxRepeatedCharacters?: number;
  /** Most line breaks per word. @defaultValue 0.3 */
  readonly maxLineBreaksPerWord?: number;
}

const terminal = /\p{Sentence_Terminal}$/u;

/**
 * FineWeb's own filter, on top of Gopher's and C4's: removes lists, menus and pages with lines that come again.
 *
 * Terminal punctuation is Unicode's property Sentence_Terminal, of all scripts.
 *
 * @param options - See {@link FinewebQualityOptions}.
 * @returns The filter.
 * @source Penedo et al., "The FineWeb Datasets", 2024, https://arxiv.org/abs/2406.17557, section 3.6; order of rules and the list
 * rule as in datatrove.
 *
 * @example A menu
 * ```ts
 * import assert from "node:assert/strict";
 * import { finewebQuality, TextDocument } from "cameo/data/quality";
 *
 * assert.equal(finewebQuality().judge(new TextDocument("Home\nNews\nContact")), "fineweb-line-punctuation");
 * ```
 */
export function finewebQuality(options: FinewebQualityOptions = {}): TextFilter<RemovalReason> {
  const thresholds = {
    minPunctuatedLines: 0.12,
    maxShortLines: 0.67,
    shortLineLength: 30,
    maxRepeatedCharacters: 0.01,
    maxLineBreaksPerWord: 0.3,
    ...options,
  };
  return {
    name: "fineweb-quality",
    version: 1,
    thresholds,
    judge({ text, words }: TextDocument) {
      const parts = text.split("\n");
      const lines = parts.filter((line) => line.trim() !== "");
      if (lines.length === 0) return "empty-text";
      const shareOf = (fits: (line: string) => boolean): number => lines.filter(fits).length / lines.length;
      if (shareOf((line) => terminal.test(line)) < thresholds.minPunctuatedLines) return "fineweb-line-punctuation";
      if (shareOf((line) => line.length <= thresholds.shortLineLength) > thresholds.maxShortLines)
        return "fineweb-short-lines";
      const breaks = parts.length - 1;
      if (repeats(lines).characters / (text.length - breaks) > thresholds.maxRepeatedCharacters)
        return "fineweb-repeated-characters";
      return breaks / words.length > thresholds.maxLineBreaksPerWord ? "fineweb-list" : null;
    },
  };
}

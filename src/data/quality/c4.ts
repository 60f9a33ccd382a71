/** The cleaning rules of C4. */

import type { TextDocument, TextFilter } from "./document.ts";
import type { RemovalReason } from "./reasons.ts";

/** Options of {@link c4Quality}. */
export interface C4QualityOptions {
  /** Fewest sentences in lines worth keeping. @defaultValue 5 */
  readonly minSentences?: number;
  /** Fewest words of a line worth keeping. @defaultValue 3 */
  readonly minWordsPerLine?: number;
  /** Longest word of a line worth keeping [characters]. @defaultValue 1000 */
  readonly maxWordLength?: number;
  /** Whether a line worth keeping must end in terminal punctuation. FineWeb leaves this rule out. @defaultValue true */
  readonly terminalPunctuation?: boolean;
}

const citation = /\[\d*\]|\[edit\]|\[citation needed\]/g;
const policies = ["terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"];
const words = (line: string): readonly string[] => line.match(/\S+/g) ?? [];
const sentenceEnd = /[.!?]+["'”’)\]]*(?=\s|$)|[。！？｡]+/gu;

/**
 * C4's filter: removes pages of filler text or source code, and those with too few sentences in lines that are worth keeping.
 *
 * It judges and edits nothing: C4 and datatrove also drop the other lines from the text; {@link c4Lines} does. Its list of bad
 * words is not used. Sentences are counted by their ends, where datatrove has a sentence splitter.
 *
 * @param options - See {@link C4QualityOptions}.
 * @returns The filter.
 * @source Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", 2020,
 * https://jmlr.org/papers/v21/20-074.html, section 2.2.
 *
 * @example Source code
 * ```ts
 * import assert from "node:assert/strict";
 * import { c4Quality, TextDocument } from "cameo/data/quality";
 *
 * assert.equal(c4Quality().judge(new TextDocument('A line with code: if (x) { y("z.") }.')), "c4-curly-bracket");
 * ```
 */
export function c4Quality(options: C4QualityOptions = {}): TextFilter<RemovalReason> {
  const thresholds = {
    minSentences: 5,
    minWordsPerLine: 3,
    maxWordLength: 1000,
    terminalPunctuation: true,
    ...options,
  };
  return {
    name: "c4-quality",
    version: 1,
    thresholds,
    judge(document: TextDocument) {
      const lines = c4Lines(document, thresholds);
      if (typeof lines === "string") return lines;
      let sentences = 0;
      for (const line of lines) {
        if (sentences >= thresholds.minSentences) break;
        sentences += Math.max(1, line.match(sentenceEnd)?.length ?? 0);
      }
      return sentences < thresholds.minSentences ? "c4-few-sentences" : null;
    },
  };
}

/**
 * The lines of a text that C4 keeps, without citation marks.
 *
 * @param document - The text.
 * @param options - As of {@link c4Quality}.
 * @returns The lines, or why the whole text is removed.
 */
export function c4Lines(
  document: TextDocument,
  options: C4QualityOptions = {},
): string[] | "c4-lorem-ipsum" | "c4-curly-bracket" {
  const { minWordsPerLine = 3, maxWordLength = 1000, terminalPunctuation = true } = options;
  const lower = document.text.toLowerCase();
  const holdsFiller = lower.includes("lorem ipsum");
  const holdsScript = lower.includes("javascript");
  const usedPolicies = policies.filter((policy) => lower.includes(policy));
  const lines: string[] = [];
  for (const whole of document.lines) {
    if (whole.length > maxWordLength && words(whole).some((word) => word.length > maxWordLength)) continue;
    const line = whole.trim().replace(citation, "");
    if (terminalPunctuation && (!/[.?!"']$/.test(line) || line.endsWith("..."))) continue;
    if (words(whole).length < minWordsPerLine) continue;
    if (holdsFiller && /lorem ipsum/i.test(line)) return "c4-lorem-ipsum";
    if (holdsScript && /javascript/i.test(line)) continue;
    if (line.includes("{")) return "c4-curly-bracket";
    if (!usedPolicies.some((policy) => line.toLowerCase().includes(policy))) lines.push(line);
  }
  return lines;
}

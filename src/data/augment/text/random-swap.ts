import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { SequenceTransform } from "../sequence-pipeline.ts";
import { joinWords, splitWords } from "./_words.ts";

interface Config {
  readonly fraction: Distribution;
}

interface Params {
  /** Pairs of places of words, one exchange after another. */
  readonly swaps: readonly (readonly [number, number])[];
}

/**
 * Exchanges two random words, `fraction` times the number of words (rounded, at least once when it is above 0).
 *
 * @source Wei and Zou, "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks", 2019,
 * https://arxiv.org/abs/1901.11196.
 */
export const RandomSwap: SequenceTransform<string, Config, Params> = {
  name: "RandomSwap",
  version: 1,
  config: z.strictObject({ fraction: real({ min: 0, max: 1 }).default(0.1) }),
  sample({ fraction }, draw, text) {
    const count = splitWords(text).words.length;
    const part = drawReal(fraction, draw);
    const times = count < 2 || part === 0 ? 0 : Math.max(Math.round(part * count), 1);
    return {
      swaps: Array.from({ length: times }, () => {
        const first = draw.integer(0, count - 1);
        // Skipping over the first makes the second another one.
        const second = draw.integer(0, count - 2);
        return [first, second >= first ? second + 1 : second] as const;
      }),
    };
  },
  apply(text, { swaps }) {
    const { words, spaces } = splitWords(text);
    for (const [a, b] of swaps) [words[a], words[b]] = [words[b] as string, words[a] as string];
    return joinWords(words, spaces);
  },
};

import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { SequenceTransform } from "../sequence-pipeline.ts";
import { joinWords, splitWords } from "./_words.ts";

interface Config {
  readonly fraction: Distribution;
  readonly meanLength: number;
  readonly mask: string;
}

interface Params {
  /** First word and number of words of each span, in order, apart from each other. */
  readonly spans: readonly (readonly [first: number, count: number])[];
  readonly mask: string;
}

/**
 * Replaces spans of words by one mask each until about a `fraction` of the words is gone. Lengths are geometric with the mean `meanLength`.
 * In `mask`, `{n}` becomes the number of the span from 0: `"<extra_id_{n}>"` makes T5's sentinels.
 *
 * @source Raffel et al., "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", 2020,
 * https://arxiv.org/abs/1910.10683, section 3.3.4; lengths as in Joshi et al., "SpanBERT", 2020, https://arxiv.org/abs/1907.10529.
 */
export const SpanMask: SequenceTransform<string, Config, Params> = {
  name: "SpanMask",
  version: 1,
  config: z.strictObject({
    fraction: real({ min: 0, max: 1 }).default(0.15),
    meanLength: z.number().min(1).default(3),
    mask: z.string().default("[MASK]"),
  }),
  sample({ fraction, meanLength, mask }, draw, text) {
    const count = splitWords(text).words.length;
    const wanted = Math.round(drawReal(fraction, draw) * count);
    const isTaken = new Uint8Array(count);
    const spans: [number, number][] = [];
    let taken = 0;
    // Crowded texts may have no free place of a length: then fewer words are masked.
    for (let attempt = 0; taken < wanted && attempt < 8 * count; attempt++) {
      let length = 1;
      while (length < wanted - taken && !draw.chance(1 / meanLength)) length++;
      const first = draw.integer(0, count - length);
      // A word stays between spans, so that each has a mask of its own.
      if (isTaken.subarray(Math.max(first - 1, 0), first + length + 1).includes(1)) continue;
      isTaken.fill(1, first, first + length);
      spans.push([first, length]);
      taken += length;
    }
    return { spans: spans.sort(([a], [b]) => a - b), mask };
  },
  apply(text, { spans, mask }) {
    const { words, spaces } = splitWords(text);
    for (const [n, [first, count]] of [...spans.entries()].reverse()) {
      words.splice(first, count, mask.replaceAll("{n}", String(n)));
      spaces.splice(first + 1, count - 1);
    }
    return joinWords(words, spaces);
  },
};

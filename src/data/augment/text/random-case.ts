import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { SequenceTransform } from "../sequence-pipeline.ts";
import { drawPlaces, joinWords, splitWords } from "./_words.ts";

interface Config {
  readonly fraction: Distribution;
  readonly to: "upper" | "lower" | "title";
}

interface Params {
  readonly places: readonly number[];
  readonly to: "upper" | "lower" | "title";
}

function cased(word: string, to: Config["to"]): string {
  if (to === "upper") return word.toUpperCase();
  if (to === "lower") return word.toLowerCase();
  const [first = "", ...rest] = Array.from(word);
  return first.toUpperCase() + rest.join("").toLowerCase();
}

/** Writes a fraction of the words in capitals, in small letters, or with a capital first letter. Letters without case stay. */
export const RandomCase: SequenceTransform<string, Config, Params> = {
  name: "RandomCase",
  version: 1,
  config: z.strictObject({
    fraction: real({ min: 0, max: 1 }).default(0.1),
    to: z.enum(["upper", "lower", "title"]).default("upper"),
  }),
  sample: ({ fraction, to }, draw, text) => ({
    places: drawPlaces(splitWords(text).words.length, drawReal(fraction, draw), draw),
    to,
  }),
  apply(text, { places, to }) {
    const { words, spaces } = splitWords(text);
    for (const place of places) if (place < words.length) words[place] = cased(words[place] as string, to);
    return joinWords(words, spaces);
  },
};

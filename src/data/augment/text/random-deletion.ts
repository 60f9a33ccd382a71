import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { SequenceTransform } from "../sequence-pipeline.ts";
import { drawPlaces, joinWords, splitWords } from "./_words.ts";

interface Config {
  readonly fraction: Distribution;
}

interface Params {
  /** Numbers of the words. */
  readonly deleted: readonly number[];
}

/**
 * Deletes words, each with the probability `fraction`; one is always left.
 *
 * @source Wei and Zou, "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks", 2019,
 * https://arxiv.org/abs/1901.11196.
 */
export const RandomDeletion: SequenceTransform<string, Config, Params> = {
  name: "RandomDeletion",
  version: 1,
  config: z.strictObject({ fraction: real({ min: 0, max: 1 }).default(0.1) }),
  sample({ fraction }, draw, text) {
    const count = splitWords(text).words.length;
    const deleted = drawPlaces(count, drawReal(fraction, draw), draw);
    if (deleted.length < count || count === 0) return { deleted };
    const kept = draw.integer(0, count - 1);
    return { deleted: deleted.filter((place) => place !== kept) };
  },
  apply(text, { deleted }) {
    const { words, spaces } = splitWords(text);
    const gone = new Set(deleted);
    const left = words.flatMap((word, i) => (gone.has(i) ? [] : [{ word, space: spaces[i] ?? "" }]));
    // A word takes the white space before it along; what is first starts where the text started.
    const before = left.map(({ space }, i) => (i === 0 ? (spaces[0] ?? "") : space));
    return joinWords(
      left.map(({ word }) => word),
      [...before, spaces.at(-1) ?? ""],
    );
  },
};

import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { SequenceTransform } from "../sequence-pipeline.ts";
import { applyEdits, drawPlaces, type Edit } from "./_words.ts";

interface Config {
  readonly fraction: Distribution;
}

interface Params {
  readonly edits: readonly Edit[];
}

/** Characters that look alike in print. */
const alike: Readonly<Record<string, readonly string[]>> = {
  0: ["O", "o"],
  1: ["l", "I"],
  2: ["Z"],
  5: ["S"],
  6: ["b", "G"],
  8: ["B"],
  9: ["g", "q"],
  B: ["8"],
  D: ["O"],
  G: ["6", "C"],
  I: ["l", "1"],
  O: ["0", "Q"],
  S: ["5"],
  Z: ["2"],
  a: ["o"],
  b: ["6", "h"],
  c: ["e", "o"],
  d: ["cl"],
  e: ["c"],
  g: ["9", "q"],
  h: ["b"],
  i: ["l", "1"],
  l: ["1", "I"],
  m: ["rn", "nn"],
  n: ["ri"],
  o: ["0"],
  q: ["g", "9"],
  s: ["5"],
  t: ["f"],
  u: ["v"],
  v: ["u"],
  w: ["vv"],
};

/** Reading errors of optical character recognition: of the characters that have look-alikes (`O` and `0`, `m` and `rn`), a fraction is replaced. */
export const OcrErrors: SequenceTransform<string, Config, Params> = {
  name: "OcrErrors",
  version: 1,
  config: z.strictObject({ fraction: real({ min: 0, max: 1 }).default(0.03) }),
  sample({ fraction }, draw, text) {
    const open = Array.from(text).flatMap((character, at) => {
      const others = Object.hasOwn(alike, character) ? alike[character] : undefined;
      return others === undefined ? [] : [{ at, others }];
    });
    const places = drawPlaces(open.length, drawReal(fraction, draw), draw);
    const edits = places.map((place) => {
      const { at, others } = open[place] as { at: number; others: readonly string[] };
      return { at, by: draw.pick(others) };
    });
    return { edits };
  },
  apply: (text, { edits }) => applyEdits(text, edits),
};

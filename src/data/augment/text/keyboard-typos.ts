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

/** Rows of a QWERTY keyboard, each shifted half a key to the right of the one above. */
const rows = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/** Keys that touch a key. */
function neighbours(key: string): string[] {
  const row = rows.findIndex((keys) => keys.includes(key));
  if (row < 0) return [];
  const at = (rows[row] as string).indexOf(key);
  const near = [
    [row, at - 1],
    [row, at + 1],
    [row - 1, at],
    [row - 1, at + 1],
    [row + 1, at - 1],
    [row + 1, at],
  ] as const;
  return near.flatMap(([y, x]) => rows[y]?.[x] ?? []);
}

/** The typing error at one character, of four equally likely kinds. */
function typo(characters: readonly string[], at: number, pick: <T>(items: readonly T[]) => T): Edit[] {
  const own = characters[at] as string;
  const lower = own.toLowerCase();
  const near = pick(neighbours(lower));
  const wrong = own === lower ? near : near.toUpperCase();
  const next = characters[at + 1];
  switch (pick(["neighbour", "double", "miss", "transpose"] as const)) {
    case "double":
      return [{ at, by: own + wrong }];
    case "miss":
      return [{ at, by: "" }];
    case "transpose":
      if (next !== undefined && /^[a-z]$/i.test(next))
        return [
          { at, by: next },
          { at: at + 1, by: own },
        ];
      return [{ at, by: wrong }];
    default:
      return [{ at, by: wrong }];
  }
}

/**
 * Typing errors: of the letters A to Z, a fraction is hit beside (a key that touches it on a QWERTY keyboard), doubled by such a key, missed, or
 * typed after its successor. Other characters stay.
 */
export const KeyboardTypos: SequenceTransform<string, Config, Params> = {
  name: "KeyboardTypos",
  version: 1,
  config: z.strictObject({ fraction: real({ min: 0, max: 1 }).default(0.03) }),
  sample({ fraction }, draw, text) {
    const characters = Array.from(text);
    const letters = characters.flatMap((character, i) => (/^[a-z]$/i.test(character) ? [i] : []));
    const places = drawPlaces(letters.length, drawReal(fraction, draw), draw);
    const edits: Edit[] = [];
    for (const place of places) {
      const at = letters[place] as number;
      // The one before may have been exchanged with this one.
      if ((edits.at(-1)?.at ?? -1) >= at) continue;
      edits.push(...typo(characters, at, (items) => draw.pick(items)));
    }
    return { edits };
  },
  apply: (text, { edits }) => applyEdits(text, edits),
};

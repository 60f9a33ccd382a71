/** A text as words and the white space between them, and places in it that a transform changes. */

import type { Draw } from "../transform.ts";

/** Words and white space by turns, starting with white space (perhaps none) and ending with it: together they are the text. */
export function splitWords(text: string): { readonly words: string[]; readonly spaces: string[] } {
  const words = text.match(/\S+/gu) ?? [];
  const spaces = text.split(/\S+/gu);
  return { words, spaces };
}

/** The text of words and white space. */
export function joinWords(words: readonly string[], spaces: readonly string[]): string {
  return spaces.map((space, i) => space + (words[i] ?? "")).join("");
}

/** Each number below `count` with probability `fraction`. */
export function drawPlaces(count: number, fraction: number, draw: Draw): number[] {
  const places: number[] = [];
  for (let i = 0; i < count; i++) if (draw.chance(fraction)) places.push(i);
  return places;
}

/** A replacement of one character. */
export interface Edit {
  /** Number of the character (code point). */
  readonly at: number;
  /** What stands there instead, possibly nothing. */
  readonly by: string;
}

/** A text with some characters replaced. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const characters = Array.from(text);
  for (const { at, by } of edits) if (at < characters.length) characters[at] = by;
  return characters.join("");
}

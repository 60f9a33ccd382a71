/** Which words two texts have in common, in order. */

/** A word, and which of the two texts has it there. */
export interface WordDifference {
  readonly word: string;
  readonly of: "both" | "first" | "second";
}

/**
 * Lines up two texts by the longest common subsequence of their words.
 *
 * Takes time and memory of the product of their lengths: for excerpts, not for books.
 *
 * @param first - Words between single spaces.
 * @param second - The same.
 * @returns All words of both; those of `first` stand before those of `second` where they differ.
 */
export function wordDifference(first: string, second: string): WordDifference[] {
  const [a, b] = [first.split(" "), second.split(" ")];
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      (lengths[i] as Uint16Array)[j] = a[i] === b[j] ? 1 + at(i + 1, j + 1) : Math.max(at(i + 1, j), at(i, j + 1));
  const words: WordDifference[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [old, now] = [a[i], b[j]];
    if (old !== undefined && old === now) {
      words.push({ word: old, of: "both" });
      i++;
      j++;
    } else if (old !== undefined && (now === undefined || at(i + 1, j) >= at(i, j + 1))) {
      words.push({ word: old, of: "first" });
      i++;
    } else {
      words.push({ word: now as string, of: "second" });
      j++;
    }
  }
  return words;
}

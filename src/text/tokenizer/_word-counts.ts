/** Counts words with bounded memory. */

import { detach } from "./_detach.ts";

/** Words longer than this many UTF-16 units (encoded data, rulers of dashes) are not counted: they teach no merges. */
const MAX_WORD_UNITS = 1024;

/** What a distinct word may take on average before words are dropped [UTF-16 units]. */
const UNITS_PER_WORD = 32;

/**
 * A counter of distinct words. When there are more than `capacity` of them (or more than 32 units each on average), the
 * rarest are dropped: first those counted once, then twice, and so on, until at most three quarters remain. What is
 * dropped depends only on the words and their order, so training stays deterministic.
 */
export class WordCounts {
  readonly #counts = new Map<string, number>();
  readonly #capacity: number;
  #units = 0;
  /** Distinct words dropped so far; a word that comes back and is dropped again counts again. */
  dropped = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Counts the first `count` of `words`. */
  add(words: readonly string[], count: number): void {
    for (let i = 0; i < count; i++) {
      const word = words[i] as string;
      const seen = this.#counts.get(word);
      if (seen !== undefined) this.#counts.set(word, seen + 1);
      else if (word.length <= MAX_WORD_UNITS) {
        this.#counts.set(detach(word), 1);
        this.#units += word.length;
        if (this.#exceeds(1)) this.#evict();
      }
    }
  }

  /** The words with their counts, in order of first appearance. */
  entries(): Iterable<readonly [string, number]> {
    return this.#counts;
  }

  #exceeds(part: number): boolean {
    return this.#counts.size > this.#capacity * part || this.#units > this.#capacity * UNITS_PER_WORD * part;
  }

  #evict(): void {
    for (let rarest = 1; this.#exceeds(0.75); rarest++) {
      for (const [word, count] of this.#counts) {
        if (count > rarest) continue;
        this.#counts.delete(word);
        this.#units -= word.length;
        this.dropped++;
      }
    }
  }
}

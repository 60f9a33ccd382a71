/** The n-grams of a test set, in shared memory, so that every thread can look them up. */

import { MinHash } from "./minhash.ts";

/** 64-bit hashes of shingles in an open-addressing table. */
export interface ShingleSet {
  /** Words of a shingle. */
  readonly words: number;
  /** Two uint32 a slot; both 0 where it is free. */
  readonly table: Uint32Array;
  readonly size: number;
}

/** Collects the shingles of texts. Texts with fewer than `words` words have none. */
export class ShingleSetBuilder {
  readonly #minHash: MinHash;
  #table = new Uint32Array(2 ** 12);
  #size = 0;

  constructor(words: number) {
    this.#minHash = new MinHash({ shingleWords: words });
  }

  add(text: string): void {
    const shingles = this.#minHash.shingles(text);
    // A text too short for one shingle gives one of all its words, which no longer text has.
    for (let i = 0; i < shingles.length; i += 2) this.#insert(shingles[i] as number, shingles[i + 1] as number);
  }

  #insert(low: number, high: number): void {
    const slot = slotOf(this.#table, low, high);
    if (this.#table[slot] !== 0 || this.#table[slot + 1] !== 0) return;
    this.#table[slot] = low;
    this.#table[slot + 1] = high;
    if (++this.#size * 4 < this.#table.length) return;
    const old = this.#table;
    this.#table = new Uint32Array(2 * old.length);
    this.#size = 0;
    for (let i = 0; i < old.length; i += 2)
      if (old[i] !== 0 || old[i + 1] !== 0) this.#insert(old[i] as number, old[i + 1] as number);
  }

  build(): ShingleSet {
    const table = new Uint32Array(new SharedArrayBuffer(this.#table.byteLength));
    table.set(this.#table);
    return { words: this.#minHash.shingleWords, table, size: this.#size };
  }
}

/** Whether any of the shingles (low half, high half, …) is in the set. */
export function hasOverlap({ table }: ShingleSet, shingles: Uint32Array): boolean {
  for (let i = 0; i < shingles.length; i += 2) {
    const slot = slotOf(table, shingles[i] as number, shingles[i + 1] as number);
    if (table[slot] !== 0 || table[slot + 1] !== 0) return true;
  }
  return false;
}

/** The slot of a hash, or the free one where it would go. */
function slotOf(table: Uint32Array, low: number, high: number): number {
  const mask = table.length / 2 - 1;
  for (let slot = low & mask; ; slot = (slot + 1) & mask) {
    const isFree = table[2 * slot] === 0 && table[2 * slot + 1] === 0;
    if (isFree || (table[2 * slot] === low && table[2 * slot + 1] === high)) return 2 * slot;
  }
}

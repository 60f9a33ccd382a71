/** Applies learned merges to one word: always the lowest rank first, and among equals the leftmost. */

import { Heap } from "./_heap.ts";
import { PairTable } from "./_pair-table.ts";

const NONE = 0x7fffffff;

/** Words up to this many symbols are merged by scanning (quadratic but quick); longer ones with a heap. */
const SCAN_LIMIT = 64;

/** The merges of a BPE model, ready to apply. */
export class MergeTable {
  readonly #ranks: PairTable;
  readonly #merged: readonly number[];
  readonly #rankAt = new Int32Array(SCAN_LIMIT);

  /** @param merges - `[left, right, merged]` ids, by rank. Of a pair given twice the later rank counts, as in HF's. */
  constructor(merges: readonly (readonly [number, number, number])[]) {
    this.#ranks = new PairTable(merges.length);
    this.#merged = merges.map((merge) => merge[2]);
    for (const [rank, [left, right]] of merges.entries()) this.#ranks.set(left, right, rank);
  }

  /**
   * Merges `symbols[0..length)` in place.
   *
   * @returns How many symbols are left, at the front of `symbols`.
   */
  apply(symbols: Int32Array, length: number): number {
    return length <= SCAN_LIMIT ? this.#scan(symbols, length) : this.#heap(symbols, length);
  }

  #rank(left: number, right: number): number {
    const rank = this.#ranks.get(left, right);
    return rank < 0 ? NONE : rank;
  }

  #scan(symbols: Int32Array, length: number): number {
    const rankAt = this.#rankAt; // rank of the pair that begins at each symbol
    for (let i = 0; i + 1 < length; i++) rankAt[i] = this.#rank(symbols[i] as number, symbols[i + 1] as number);
    let count = length;
    while (count > 1) {
      let best = 0;
      for (let i = 1; i + 1 < count; i++) if ((rankAt[i] as number) < (rankAt[best] as number)) best = i;
      const rank = rankAt[best] as number;
      if (rank === NONE) break;
      symbols[best] = this.#merged[rank] as number;
      count--;
      for (let i = best + 1; i < count; i++) {
        symbols[i] = symbols[i + 1] as number;
        rankAt[i] = rankAt[i + 1] as number;
      }
      if (best + 1 < count) rankAt[best] = this.#rank(symbols[best] as number, symbols[best + 1] as number);
      if (best > 0) rankAt[best - 1] = this.#rank(symbols[best - 1] as number, symbols[best] as number);
    }
    return count;
  }

  #heap(symbols: Int32Array, length: number): number {
    const next = Int32Array.from({ length }, (_, i) => i + 1);
    const previous = Int32Array.from({ length }, (_, i) => i - 1);
    const rankAt = new Int32Array(length).fill(NONE);
    // One double orders by rank, then position. An entry is stale when `rankAt` has moved on.
    const queue = new Heap<number>((a, b) => a < b);
    const consider = (at: number): void => {
      const after = next[at] as number;
      const rank = after < length ? this.#rank(symbols[at] as number, symbols[after] as number) : NONE;
      rankAt[at] = rank;
      if (rank !== NONE) queue.push(rank * 2 ** 31 + at);
    };
    for (let i = 0; i + 1 < length; i++) consider(i);
    for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) {
      const at = entry % 2 ** 31;
      const rank = Math.floor(entry / 2 ** 31);
      if (rankAt[at] !== rank) continue;
      const gone = next[at] as number;
      symbols[at] = this.#merged[rank] as number;
      rankAt[gone] = NONE;
      next[at] = next[gone] as number;
      if ((next[at] as number) < length) previous[next[at] as number] = at;
      consider(at);
      if ((previous[at] as number) >= 0) consider(previous[at] as number);
    }
    let count = 0;
    for (let at = 0; at < length; at = next[at] as number) symbols[count++] = symbols[at] as number;
    return count;
  }
}

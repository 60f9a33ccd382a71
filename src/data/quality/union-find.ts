/** Sets that grow together: which rows are, directly or through others, the same. */

/**
 * Disjoint sets of the numbers below `size`, in 4 bytes each.
 *
 * The representative of a set is the best of its members, so that it can be the one to keep.
 *
 * @example Three rows alike
 * ```ts
 * import assert from "node:assert/strict";
 * import { UnionFind } from "cameo/data/quality";
 *
 * const sets = new UnionFind(5);
 * sets.union(4, 2);
 * sets.union(2, 3);
 * assert.equal(sets.find(4), 2);
 * assert.equal(sets.find(1), 1);
 * ```
 */
export class UnionFind {
  readonly #parents: Uint32Array;
  readonly #isBetter: (a: number, b: number) => boolean;

  /**
   * @param size - How many numbers, at most 2^32, each in a set of its own; or the `parents` of earlier sets.
   * @param isBetter - Whether `a` should rather represent a set than `b`. The smaller number when absent.
   */
  constructor(size: number | Uint32Array, isBetter: (a: number, b: number) => boolean = (a, b) => a < b) {
    this.#parents = typeof size === "number" ? new Uint32Array(size) : size;
    if (typeof size === "number") for (let i = 0; i < size; i++) this.#parents[i] = i;
    this.#isBetter = isBetter;
  }

  /** The sets as numbers, to write and to make them of again: a parent for each member, which may be itself. */
  get parents(): Uint32Array {
    return this.#parents;
  }

  /** The representative of the set that `member` is in. */
  find(member: number): number {
    const parents = this.#parents;
    let at = member;
    while (parents[at] !== at) {
      const grandparent = parents[parents[at] as number] as number;
      parents[at] = grandparent; // halves the path for the next time
      at = grandparent;
    }
    return at;
  }

  /** Makes one set of those that `a` and `b` are in. */
  union(a: number, b: number): void {
    const [x, y] = [this.find(a), this.find(b)];
    if (x === y) return;
    if (this.#isBetter(x, y)) this.#parents[y] = x;
    else this.#parents[x] = y;
  }
}

/** A weighted sample without replacement of a stream, which merges with those of other streams. */

import { explain } from "../../base/errors.ts";
import { checkCount } from "./_count.ts";
import { RowUniforms } from "./_hash.ts";

/** Options of {@link WeightedReservoir}. */
export interface WeightedReservoirOptions {
  /** Items to keep, at least 1. */
  readonly n: number;
  /** Decides which. */
  readonly seed: number;
  /**
   * `"keys"` draws a number for each row from its number: the sample is the same however the rows are split or ordered. `"jumps"` draws
   * only for the rows that it takes, which is several times as fast; reservoirs of several shards then need different seeds.
   * @defaultValue "keys"
   */
  readonly method?: "keys" | "jumps";
}

/** What a {@link WeightedReservoir} holds of an item. */
export interface WeightedItem<T> {
  readonly item: T;
  readonly weight: number;
  /** Of the rows there were, given the others: 1 − exp(−weight·threshold). */
  readonly inclusionProbability: number;
}

/**
 * Keeps n items of a stream, one after the other drawn with probabilities in proportion to the weights of those left; in one pass and in
 * memory for n. Any number of such samples merge to that of all their data.
 *
 * ```text
 * key = −ln(u) / weight,  u uniform;  the n smallest keys are the sample, the next one is the threshold
 * ```
 *
 * Keys are in logarithms, for u^(1/weight) of the paper underflows. Inclusion probabilities of this scheme have no closed form; given the
 * threshold they do, and estimates with them are unbiased.
 *
 * @source Efraimidis and Spirakis, "Weighted Random Sampling with a Reservoir", 2006, https://doi.org/10.1016/j.ipl.2005.11.003,
 * algorithms A-ES and A-ExpJ; Cohen and Kaplan, "Summarizing Data Using Bottom-k Sketches", 2007,
 * https://doi.org/10.1145/1281100.1281133, for the probabilities.
 *
 * @example Shards sampled apart, merged, are the whole sampled at once
 * ```ts
 * import assert from "node:assert/strict";
 * import { WeightedReservoir } from "cameo/data/sample";
 *
 * const make = (rows: readonly number[]) => {
 *   const reservoir = new WeightedReservoir<number>({ n: 3, seed: 1 });
 *   for (const row of rows) reservoir.offer(row, 1 + row, row);
 *   return reservoir;
 * };
 * const merged = make([0, 1, 2, 3]);
 * merged.merge(make([4, 5, 6, 7]));
 * assert.deepEqual(merged.items(), make([7, 6, 5, 4, 3, 2, 1, 0]).items());
 * ```
 */
export class WeightedReservoir<T> {
  readonly n: number;
  readonly #uniforms: RowUniforms;
  readonly #jumps: boolean;
  /** A heap, the largest key first, of up to n + 1 items. */
  readonly #heap: { readonly key: number; readonly weight: number; readonly row: number; readonly item: T }[] = [];
  #threshold = Number.POSITIVE_INFINITY;
  #seen = 0;
  #draws = 0;
  /** Weight to pass before the next item is taken. */
  #jump = 0;

  /**
   * @param options - See {@link WeightedReservoirOptions}.
   * @throws RangeError if n is not an integer of at least 1.
   */
  constructor(options: WeightedReservoirOptions) {
    checkCount("WeightedReservoir", "n", options.n, 1);
    this.n = options.n;
    this.#jumps = options.method === "jumps";
    this.#uniforms = new RowUniforms(options.seed, `weighted reservoir ${options.method ?? "keys"}`);
  }

  /** Items that went by. */
  get seen(): number {
    return this.#seen;
  }

  /**
   * Goes on by one item.
   *
   * @param item - Kept if it is drawn.
   * @param weight - At least 0; one of weight 0 is never drawn.
   * @param row - Number of the item over all shards [0, 2^53). @defaultValue its position in this stream
   * @throws RangeError if the weight is negative or not finite.
   */
  offer(item: T, weight: number, row: number = this.#seen): void {
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY))
      throw new RangeError(
        explain({
          api: "WeightedReservoir.offer",
          action: "use weight",
          received: `that of row ${row} is ${weight}`,
          rule: "must be finite and not negative",
        }),
      );
    this.#seen++;
    if (this.#jumps && this.#threshold !== Number.POSITIVE_INFINITY) {
      this.#jump -= weight;
      if (this.#jump > 0 || weight === 0) return;
      // Of the keys of this weight that are below the threshold, a random one.
      const below = -Math.expm1(-weight * this.#threshold);
      this.#insert({ key: -Math.log1p(-this.#uniform() * below) / weight, weight, row, item });
    } else {
      const uniform = this.#jumps ? this.#uniform() : this.#uniforms.at(row);
      // As exp(−x) ≥ 1 − x, this is above the threshold for certain; nearly all rows of a long stream are, and need no logarithm.
      if (uniform < 1 - weight * this.#threshold || weight === 0) return;
      const key = -Math.log(uniform) / weight;
      if (key <= this.#threshold) this.#insert({ key, weight, row, item });
    }
  }

  #uniform(): number {
    return this.#uniforms.at(this.#draws++);
  }

  #insert(entry: { readonly key: number; readonly weight: number; readonly row: number; readonly item: T }): void {
    const heap = this.#heap;
    const isAbove = (a: typeof entry, b: typeof entry): boolean => a.key > b.key || (a.key === b.key && a.row > b.row);
    const at = (i: number): typeof entry => heap[i] as typeof entry;
    if (heap.length <= this.n) {
      let i = heap.length;
      heap.push(entry);
      for (let parent = (i - 1) >> 1; i > 0 && isAbove(entry, at(parent)); parent = (i - 1) >> 1) {
        heap[i] = at(parent);
        i = parent;
      }
      heap[i] = entry;
    } else {
      if (isAbove(entry, at(0))) return;
      let i = 0;
      for (let child = 1; child < heap.length; child = 2 * i + 1) {
        if (child + 1 < heap.length && isAbove(at(child + 1), at(child))) child++;
        if (!isAbove(at(child), entry)) break;
        heap[i] = at(child);
        i = child;
      }
      heap[i] = entry;
    }
    if (heap.length <= this.n) return;
    this.#threshold = at(0).key;
    if (this.#jumps) this.#jump = -Math.log(this.#uniform()) / this.#threshold;
  }

  /**
   * Takes in what another reservoir kept; this one is then a sample of the data of both.
   *
   * @param other - One of other rows and the same n. It is not changed.
   * @throws RangeError if the two differ in n.
   */
  merge(other: WeightedReservoir<T>): void {
    checkCount("WeightedReservoir.merge", "n of the other", other.n, this.n, this.n);
    for (const entry of other.#heap) this.#insert(entry);
    this.#seen += other.#seen;
  }

  /** The items drawn, in the order of drawing. */
  items(): WeightedItem<T>[] {
    const sorted = this.#heap.toSorted((a, b) => a.key - b.key || a.row - b.row).slice(0, this.n);
    return sorted.map(({ item, weight }) => ({
      item,
      weight,
      inclusionProbability: -Math.expm1(-weight * this.#threshold),
    }));
  }
}

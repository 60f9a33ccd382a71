/** A random sample of a stream whose length is not known. */

import { RandomStream } from "../../base/random.ts";
import { checkCount } from "./_count.ts";

/** Options of {@link Reservoir}. */
export interface ReservoirOptions {
  /** Items to keep, at least 1. */
  readonly n: number;
  /** Decides which. */
  readonly seed: number;
  /** Makes reservoirs of one seed independent, as those of several shards must be. @defaultValue "reservoir" */
  readonly name?: string;
}

interface Part<T> {
  left: number;
  readonly items: T[];
}

/**
 * Keeps n items of a stream, each subset equally likely, in one pass and in memory for n. Reservoirs of parts of the data merge.
 *
 * Most items are not looked at: {@link next} says which is wanted, so that a reader may skip the rest of a batch or a file. Where the
 * number of rows is known, {@link sampleRandom} is better: it needs no pass.
 *
 * @source Li, "Reservoir-Sampling Algorithms of Time Complexity O(n(1 + log(N/n)))", 1994, https://doi.org/10.1145/198429.198435,
 * Algorithm L.
 *
 * @example Two words of a text
 * ```ts
 * import assert from "node:assert/strict";
 * import { Reservoir } from "cameo/data/sample";
 *
 * const reservoir = new Reservoir<string>({ n: 2, seed: 1 });
 * for (const word of "to be or not to be".split(" ")) reservoir.offer(word);
 * assert.equal(reservoir.items.length, 2);
 * assert.equal(reservoir.inclusionProbability, 2 / 6);
 * ```
 */
export class Reservoir<T> {
  readonly n: number;
  readonly #items: T[] = [];
  readonly #stream: RandomStream;
  #draws = 0;
  #seen = 0;
  #next = 0;
  /** Logarithm of the largest of the n smallest of as many uniforms as were seen: how likely the next item is wanted. */
  #logThreshold = 0;

  /**
   * @param options - See {@link ReservoirOptions}.
   * @throws RangeError if n is not an integer of at least 1.
   */
  constructor(options: ReservoirOptions) {
    checkCount("Reservoir", "n", options.n, 1);
    this.n = options.n;
    this.#stream = new RandomStream(options.seed, options.name ?? "reservoir");
  }

  /** Items kept, in no order that means anything. */
  get items(): readonly T[] {
    return this.#items;
  }

  /** Items that went by. */
  get seen(): number {
    return this.#seen;
  }

  /** Position of the next item that is wanted; those before it need not be made, only {@link skip | skipped}. */
  get next(): number {
    return this.#next;
  }

  /** Of each item of the stream so far. */
  get inclusionProbability(): number {
    return this.#seen <= this.n ? 1 : this.n / this.#seen;
  }

  /**
   * Goes on by one item.
   *
   * @param item - The next of the stream.
   */
  offer(item: T): void {
    const position = this.#seen++;
    if (position !== this.#next) return;
    if (position < this.n) this.#items.push(item);
    else this.#items[Math.floor(this.#uniform() * this.n)] = item;
    this.#next++;
    if (this.#items.length < this.n) return;
    this.#logThreshold += Math.log(this.#uniform()) / this.n;
    this.#next += Math.floor(Math.log(this.#uniform()) / Math.log1p(-Math.exp(this.#logThreshold)));
  }

  /**
   * Goes on by items that are not wanted.
   *
   * @param count - How many, at most up to {@link next}.
   * @throws RangeError if one of them was wanted.
   */
  skip(count: number): void {
    checkCount("Reservoir.skip", "count", count, 0, this.#next - this.#seen);
    this.#seen += count;
  }

  /**
   * A sample of both streams together, as if they had been one.
   *
   * @param other - A reservoir of other data, of the same n and another `name` or seed. Neither is changed.
   * @returns Items and how many were seen in all.
   * @throws RangeError if the two differ in n.
   */
  merge(other: Reservoir<T>): { readonly items: readonly T[]; readonly seen: number } {
    checkCount("Reservoir.merge", "n of the other", other.n, this.n, this.n);
    const stream = this.#stream.child(`merge ${this.#seen} ${other.seen}`);
    const parts = [
      { left: this.#seen, items: [...this.#items] },
      { left: other.seen, items: [...other.items] },
    ] as [Part<T>, Part<T>];
    const items: T[] = [];
    const seen = this.#seen + other.seen;
    while (items.length < Math.min(this.n, seen)) {
      const draw = 2 * items.length;
      // The next of a random order of all that was seen comes from either part as its share of what is left is.
      const part = stream.uniform(draw) * (seen - items.length) < parts[0].left ? parts[0] : parts[1];
      part.left--;
      items.push(...part.items.splice(stream.integer(draw + 1, part.items.length), 1));
    }
    return { items, seen };
  }

  /** In (0, 1]. */
  #uniform(): number {
    return 1 - this.#stream.uniform(this.#draws++);
  }
}

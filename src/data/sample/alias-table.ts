/** Draws by weight in constant time. */

import { checkWeights } from "./_count.ts";

/**
 * Draws indices with probabilities in proportion to weights, each in constant time, after one pass over the weights. Takes 12 bytes
 * for each.
 *
 * @source Vose, "A Linear Algorithm for Generating Random Numbers with a Given Distribution", 1991, https://doi.org/10.1109/32.92917.
 *
 * @example A loaded coin
 * ```ts
 * import assert from "node:assert/strict";
 * import { AliasTable } from "cameo/data/sample";
 *
 * const coin = new AliasTable([3, 1]);
 * assert.equal(coin.probability(0), 0.75);
 * assert.deepEqual([0.1, 0.4, 0.6, 0.9].map((uniform) => coin.at(uniform)), [0, 0, 1, 0]);
 * ```
 */
export class AliasTable {
  readonly #weights: ArrayLike<number>;
  readonly #sum: number;
  /** How far into its column an index owns it; the rest belongs to its alias. */
  readonly #share: Float64Array;
  readonly #alias: Uint32Array;

  /**
   * @param weights - Not negative, at least one positive; fewer than 2^32. They must not change afterwards.
   * @throws RangeError if they are not such.
   */
  constructor(weights: ArrayLike<number>) {
    const count = weights.length;
    this.#sum = checkWeights("AliasTable", weights);
    this.#weights = weights;
    this.#share = new Float64Array(count);
    this.#alias = new Uint32Array(count);
    // Small indices are stacked from the front, large ones from the back.
    const stack = new Uint32Array(count);
    let small = 0;
    let large = count;
    let heaviest = 0;
    for (let i = 0; i < count; i++) {
      const share = ((weights[i] as number) / this.#sum) * count;
      this.#share[i] = share;
      if (share < 1) stack[small++] = i;
      else stack[--large] = i;
      if ((weights[i] as number) > (weights[heaviest] as number)) heaviest = i;
    }
    while (small > 0 && large < count) {
      const poor = stack[--small] as number;
      const rich = stack[large] as number;
      this.#alias[poor] = rich;
      this.#share[rich] = (this.#share[rich] as number) - (1 - (this.#share[poor] as number));
      if ((this.#share[rich] as number) < 1) {
        large++;
        stack[small++] = rich;
      }
    }
    // What is left has a share of 1 but for rounding; an index of weight 0 must not be left with any.
    while (large < count) this.#share[stack[large++] as number] = 1;
    while (small > 0) {
      const i = stack[--small] as number;
      if ((weights[i] as number) > 0) this.#share[i] = 1;
      else this.#alias[i] = heaviest;
    }
  }

  /** Indices there are. */
  get size(): number {
    return this.#share.length;
  }

  /**
   * How likely an index is.
   *
   * @param index - [0, size).
   */
  probability(index: number): number {
    return (this.#weights[index] as number) / this.#sum;
  }

  /**
   * The index that a uniform number stands for.
   *
   * @param uniform - [0, 1).
   */
  at(uniform: number): number {
    const point = uniform * this.#share.length;
    const column = Math.floor(point);
    return point - column < (this.#share[column] as number) ? column : (this.#alias[column] as number);
  }
}

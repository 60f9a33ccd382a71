/** NumPy's `default_rng`, bit for bit. */

import { lemireBounded, maskedBounded } from "./_bounded.ts";
import {
  type ChoiceOptions,
  checkChoice,
  numbers,
  range,
  type Shufflable,
  shuffleInPlace,
  weightedIndices,
  widthOf,
} from "./choice.ts";
import { Pcg64 } from "./pcg64.ts";
import type { NumpySeed } from "./seed-sequence.ts";

/** Options of {@link NumpyGenerator.choice}. */
export interface GeneratorChoiceOptions extends ChoiceOptions {
  /** Whether the order is random too, when nothing comes twice and all are alike; without, it is faster. @defaultValue true */
  readonly shuffle?: boolean;
}

/**
 * `numpy.random.default_rng(seed)`: the numbers of `Generator` over `PCG64`, each equal to NumPy's to the last bit.
 *
 * Use it to redo a split or a subsample that was made in Python. For anything new, {@link permutation} needs no memory and no state.
 * NumPy may change a generator's numbers between versions; these are those of 1.26.4.
 *
 * @example The rows that `np.random.default_rng(42).choice(1_000_000, 3, replace=False)` chooses
 * ```ts
 * import assert from "node:assert/strict";
 * import { NumpyGenerator } from "cameo/data/sample";
 *
 * const rows = new NumpyGenerator(42).choice(1_000_000, { size: 3, replace: false });
 * assert.deepEqual([...rows], [654571, 89250, 773955]);
 * ```
 */
export class NumpyGenerator {
  readonly #bits: Pcg64;

  /**
   * @param seed - See {@link NumpySeed}.
   * @param spawnKey - Of a child: `SeedSequence(seed).spawn(3)[2]` has the key `[2]`.
   * @throws RangeError if the seed is negative or no integer.
   */
  constructor(seed: NumpySeed, spawnKey: readonly number[] = []) {
    this.#bits = new Pcg64(seed, spawnKey);
  }

  /**
   * `random(size)`.
   *
   * @param size - How many.
   * @returns Doubles in [0, 1).
   */
  random(size = 1): Float64Array<ArrayBuffer> {
    return numbers(size, () => this.#bits.nextDouble());
  }

  /**
   * `uniform(low, high, size)`.
   *
   * @param low - Least.
   * @param high - Bound.
   * @param size - How many.
   */
  uniform(low = 0, high = 1, size = 1): Float64Array<ArrayBuffer> {
    return numbers(size, () => low + (high - low) * this.#bits.nextDouble());
  }

  /**
   * `integers(low, high, size)` of type int64 (int32 draws the same).
   *
   * @param low - Least.
   * @param high - One more than the greatest, less than 2^53 from `low`.
   * @param size - How many.
   * @throws RangeError if that is no range.
   */
  integers(low: number, high: number, size = 1): Float64Array<ArrayBuffer> {
    const width = widthOf("NumpyGenerator.integers", low, high);
    return numbers(size, () => low + lemireBounded(this.#bits, width));
  }

  /**
   * `shuffle(values)` along the first axis. Draws by masked rejection, where the shuffling inside of {@link choice} multiplies.
   *
   * @param values - Shuffled in place.
   */
  shuffle(values: Shufflable): void {
    shuffleInPlace(values, 1, maskedBounded, this.#bits);
  }

  /**
   * `permutation(count)`. Rows of an array are permuted by indexing with it; the axis makes no difference to the numbers.
   *
   * @param count - Length of the axis.
   */
  permutation(count: number): Float64Array<ArrayBuffer> {
    const order = range(count);
    this.shuffle(order);
    return order;
  }

  /**
   * `choice(population, size, replace, p, shuffle=shuffle)`.
   *
   * @param population - How many there are: the length of the axis that is chosen along.
   * @param options - See {@link GeneratorChoiceOptions}.
   * @returns Indices.
   * @throws RangeError if there are too few, or the probabilities are none.
   */
  choice(population: number, options: GeneratorChoiceOptions = {}): Float64Array<ArrayBuffer> {
    checkChoice("NumpyGenerator.choice", population, options);
    const { size = 1, replace = true, p, shuffle = true } = options;
    if (p !== undefined) return weightedIndices(this.#bits, p, size, replace);
    if (replace) return size === 0 ? new Float64Array(0) : this.integers(0, population, size);
    // NumPy's own rule of thumb for which is faster.
    if (population > 10_000 && size > Math.floor(population / (shuffle ? 50 : 20)))
      return this.#shuffledTail(population, size);
    const indices = this.#floyd(population, size);
    if (shuffle) shuffleInPlace(indices, 1, lemireBounded, this.#bits);
    return indices;
  }

  #shuffledTail(population: number, size: number): Float64Array<ArrayBuffer> {
    const order = range(population);
    shuffleInPlace(order, Math.max(population - size, 1), lemireBounded, this.#bits);
    return order.slice(population - size);
  }

  /**
   * Floyd's: the j-th draw is from [0, j], and stands for j itself when it was drawn before.
   *
   * @source Bentley and Floyd, "Programming Pearls: A Sample of Brilliance", 1987, https://doi.org/10.1145/30401.315746.
   */
  #floyd(population: number, size: number): Float64Array<ArrayBuffer> {
    const indices = new Float64Array(size);
    // A hash set of the indices, open addressing: a JavaScript Set is several times as slow. -1 is an empty slot.
    const slots = new Float64Array(2 ** Math.ceil(Math.log2(1.5 * size + 1))).fill(-1);
    const mask = slots.length - 1;
    const slotOf = (index: number): number => {
      let slot = index & mask;
      while (slots[slot] !== -1 && slots[slot] !== index) slot = (slot + 1) & mask;
      return slot;
    };
    for (let i = 0; i < size; i++) {
      const last = population - size + i;
      const drawn = lemireBounded(this.#bits, last);
      const index = slots[slotOf(drawn)] === drawn ? last : drawn;
      slots[slotOf(index)] = index;
      indices[i] = index;
    }
    return indices;
  }
}

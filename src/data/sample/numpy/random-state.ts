/** NumPy's `numpy.random.seed` and the functions below `numpy.random`, bit for bit. */

import { explain } from "../../../base/errors.ts";
import { maskedBounded } from "./_bounded.ts";
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
import { Mt19937 } from "./mt19937.ts";

/**
 * `numpy.random.RandomState(seed)`, which is also what `numpy.random.seed(seed)` and `numpy.random.choice` use: numbers equal to NumPy's
 * to the last bit. They are frozen since NumPy 1.16.
 *
 * Use it to redo what was drawn in Python. `choice` without replacement permutes the whole population, as NumPy's does: it takes
 * 8 bytes and a draw for each, so for large ones use {@link permutation}.
 *
 * @example `np.random.seed(0); np.random.choice(10, 3, replace=False)`
 * ```ts
 * import assert from "node:assert/strict";
 * import { NumpyRandomState } from "cameo/data/sample";
 *
 * assert.deepEqual([...new NumpyRandomState(0).choice(10, { size: 3, replace: false })], [2, 8, 4]);
 * ```
 */
export class NumpyRandomState {
  readonly #bits: Mt19937;

  /**
   * @param seed - [0, 2^32), or a list of such.
   * @throws RangeError if it is not.
   */
  constructor(seed: number | readonly number[]) {
    const words = typeof seed === "number" ? [seed] : seed;
    if (words.length === 0 || !words.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32))
      throw new RangeError(
        explain({
          api: "NumpyRandomState",
          action: "use seed",
          received: `got ${JSON.stringify(seed)}`,
          rule: "must be an integer in [0, 2^32), or a list of such",
        }),
      );
    this.#bits = new Mt19937(seed);
  }

  /**
   * `random_sample(size)`.
   *
   * @param size - How many.
   * @returns Doubles in [0, 1).
   */
  randomSample(size = 1): Float64Array<ArrayBuffer> {
    return numbers(size, () => this.#bits.nextDouble());
  }

  /**
   * `randint(low, high, size)` of type int64.
   *
   * @param low - Least.
   * @param high - One more than the greatest, less than 2^53 from `low`.
   * @param size - How many.
   * @throws RangeError if that is no range.
   */
  randint(low: number, high: number, size = 1): Float64Array<ArrayBuffer> {
    const width = widthOf("NumpyRandomState.randint", low, high);
    return numbers(size, () => low + maskedBounded(this.#bits, width));
  }

  /**
   * `shuffle(values)` along the first axis.
   *
   * @param values - Shuffled in place.
   */
  shuffle(values: Shufflable): void {
    shuffleInPlace(values, 1, maskedBounded, this.#bits);
  }

  /**
   * `permutation(count)`.
   *
   * @param count - Length of the first axis.
   */
  permutation(count: number): Float64Array<ArrayBuffer> {
    const order = range(count);
    this.shuffle(order);
    return order;
  }

  /**
   * `choice(population, size, replace, p)`.
   *
   * @param population - How many there are.
   * @param options - See {@link ChoiceOptions}.
   * @returns Indices.
   * @throws RangeError if there are too few, or the probabilities are none.
   */
  choice(population: number, options: ChoiceOptions = {}): Float64Array<ArrayBuffer> {
    checkChoice("NumpyRandomState.choice", population, options);
    const { size = 1, replace = true, p } = options;
    if (p !== undefined) return weightedIndices(this.#bits, p, size, replace);
    if (replace) return size === 0 ? new Float64Array(0) : this.randint(0, population, size);
    return this.permutation(population).slice(0, size);
  }
}

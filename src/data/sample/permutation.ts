/** An order of a data set of any size that is arithmetic: no list, no state, any position at once. */

import { explain } from "../../base/errors.ts";
import { RandomStream } from "../../base/random.ts";
import { hash } from "./_hash.ts";

/** Options of {@link permutation}. */
export interface PermutationOptions {
  /** How many there are to permute, [0, 2^53). */
  readonly size: number;
  /** Decides the order, [0, 2^53). */
  readonly seed: number;
  /** Another order of the same seed for each pass over the data, [0, 2^53). @defaultValue 0 */
  readonly epoch?: number;
  /** Another order of the same seed for each purpose. @defaultValue "permutation" */
  readonly name?: string;
}

/** A bijection of the integers [0, size) onto themselves. */
export interface Permutation {
  readonly size: number;
  /** What stands at `position` [0, size). */
  at(position: number): number;
  /** The position of `value` [0, size): `inverse(at(i)) = i`. */
  inverse(value: number): number;
  /** Writes what stands at `start`, `start + 1`, … into all of `out`, and returns it. */
  fill(start: number, out: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer>;
}

/**
 * Feistel rounds. Four make a pseudorandom permutation if their functions are random (Luby and Rackoff), but only as long as one looks
 * at few of the 2^h values of a half, and a data set is looked at whole. Patarin shows five or six to hold for about 2^h looks; two more
 * make up for a round function that is a hash and not random.
 */
const rounds = 8;

/**
 * Up to this size the order is a shuffled table of a few kilobytes: halves of a few bits have too few functions for every order to be
 * equally likely.
 */
const tableSize = 1024;

/**
 * A pseudorandom permutation of [0, size) in constant memory: what stands at a position is computed, so that an order of 10^12 samples
 * needs no buffer, can be entered anywhere, and is resumed from one integer.
 *
 * Use it to shuffle and to sample without replacement (the first n positions are a random sample of n). It is a shuffle, not a cipher.
 *
 * ```text
 * (left, right) ← position, in halves of ⌊b/2⌋ and ⌈b/2⌉ bits, 2^b ≥ size
 * left ← left xor hash(right, key_r)   and   right ← right xor hash(left, key_r+1),   in turn, 8 rounds
 * again while the result is ≥ size (less than twice on average)
 * ```
 *
 * @param options - See {@link PermutationOptions}.
 * @returns The permutation, a pure function of the options.
 * @throws RangeError if size, seed or epoch is not an integer in its range; its methods, if a position or value is outside of [0, size).
 * @source Luby and Rackoff, "How to Construct Pseudorandom Permutations from Pseudorandom Functions", 1988,
 * https://doi.org/10.1137/0217022; Patarin, "Security of Random Feistel Schemes with 5 or More Rounds", 2004,
 * https://doi.org/10.1007/978-3-540-28628-8_7; cycle walking: Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002,
 * https://doi.org/10.1007/3-540-45760-7_9, method 2.
 *
 * @example Any position of an order of a trillion
 * ```ts
 * import assert from "node:assert/strict";
 * import { permutation } from "cameo/data/sample";
 *
 * const order = permutation({ size: 1e12, seed: 1337 });
 * const sample = order.fill(5e11, new Float64Array(3));
 * assert.equal(sample[2], order.at(5e11 + 2));
 * assert.equal(order.inverse(order.at(7)), 7);
 * ```
 */
export function permutation(options: PermutationOptions): Permutation {
  const { size, seed, epoch = 0, name = "permutation" } = options;
  for (const [what, value] of Object.entries({ size, seed, epoch }))
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(
        explain({
          api: "permutation",
          action: `use ${what}`,
          received: `got ${value}`,
          rule: "must be an integer in [0, 2^53)",
        }),
      );
  // The size is in the name: else the orders of two sizes with equally many bits would be nearly the same.
  const stream = new RandomStream(seed, `${name}/${size}/${epoch}`);
  return size <= tableSize ? new ShuffledTable(size, stream) : new FeistelNetwork(size, stream);
}

function checkInside(size: number, what: string, value: number): void {
  if (!(value >= 0 && value < size) || !Number.isInteger(value))
    throw new RangeError(
      explain({
        api: "permutation",
        action: `use ${what}`,
        received: `got ${value}`,
        rule: `must be an integer in [0, ${size})`,
      }),
    );
}

function checkFill(size: number, start: number, length: number): void {
  if (!Number.isSafeInteger(start) || start < 0 || start + length > size)
    throw new RangeError(
      explain({
        api: "permutation",
        action: `fill ${length} from ${start}`,
        received: `size is ${size}`,
        rule: `must be inside of [0, ${size})`,
      }),
    );
}

/** Fisher–Yates. */
class ShuffledTable implements Permutation {
  readonly size: number;
  readonly #values: Uint16Array;
  readonly #positions: Uint16Array;

  constructor(size: number, stream: RandomStream) {
    this.size = size;
    this.#values = Uint16Array.from({ length: size }, (_, i) => i);
    this.#positions = new Uint16Array(size);
    for (let i = size - 1; i > 0; i--) {
      const j = stream.integer(i, i + 1);
      const value = this.#values[j] as number;
      this.#values[j] = this.#values[i] as number;
      this.#values[i] = value;
    }
    for (const [position, value] of this.#values.entries()) this.#positions[value] = position;
  }

  at(position: number): number {
    checkInside(this.size, "position", position);
    return this.#values[position] as number;
  }

  inverse(value: number): number {
    checkInside(this.size, "value", value);
    return this.#positions[value] as number;
  }

  fill(start: number, out: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
    checkFill(this.size, start, out.length);
    out.set(this.#values.subarray(start, start + out.length));
    return out;
  }
}

class FeistelNetwork implements Permutation {
  readonly size: number;
  readonly #keys: Int32Array;
  /** Of the right half: how many values it has. */
  readonly #radix: number;
  readonly #leftMask: number;
  readonly #rightMask: number;

  constructor(size: number, stream: RandomStream) {
    this.size = size;
    let bits = 1;
    while (2 ** bits < size) bits++;
    this.#radix = 2 ** Math.ceil(bits / 2);
    this.#leftMask = 2 ** Math.floor(bits / 2) - 1;
    this.#rightMask = this.#radix - 1;
    this.#keys = Int32Array.from({ length: rounds }, (_, round) => stream.uint32(round));
  }

  at(position: number): number {
    checkInside(this.size, "position", position);
    return this.#walk(position);
  }

  #walk(position: number): number {
    const radix = this.#radix;
    const keys = this.#keys;
    let value = position;
    do {
      let left = Math.floor(value / radix) | 0;
      let right = (value - left * radix) | 0;
      for (let round = 0; round < rounds; round += 2) {
        left ^= hash(right, keys[round] as number) & this.#leftMask;
        right ^= hash(left, keys[round + 1] as number) & this.#rightMask;
      }
      value = left * radix + right;
    } while (value >= this.size);
    return value;
  }

  inverse(value: number): number {
    checkInside(this.size, "value", value);
    const radix = this.#radix;
    let position = value;
    do {
      let left = Math.floor(position / radix) | 0;
      let right = (position - left * radix) | 0;
      for (let round = rounds - 2; round >= 0; round -= 2) {
        right ^= hash(left, this.#keys[round + 1] as number) & this.#rightMask;
        left ^= hash(right, this.#keys[round] as number) & this.#leftMask;
      }
      position = left * radix + right;
    } while (position >= this.size);
    return position;
  }

  fill(start: number, out: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
    checkFill(this.size, start, out.length);
    for (let i = 0; i < out.length; i++) out[i] = this.#walk(start + i);
    return out;
  }
}

/**
 * Counter-based random numbers: every number is a pure function of (seed, stream name, counter), so any step, sample
 * or mask can be recomputed and a resumed run needs no generator state.
 *
 * Philox4x32-10. @source Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
 */

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** High 32 bits of the 64-bit product of two uint32, without BigInt (this is the inner loop). */
function mulHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aHigh * bLow + Math.floor((aLow * bLow) / 0x10000);
  const cross = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)) >>> 0;
}

/**
 * One Philox4x32-10 block: four uint32 from a 128-bit counter and a 64-bit key.
 *
 * @param counter - Four uint32.
 * @param key - Two uint32.
 * @returns Four uint32.
 * @source Salmon et al., 2011, section 3.3; checked against the Random123 known answers.
 */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(M0, c0);
    const low0 = Math.imul(M0, c0) >>> 0;
    const high1 = mulHigh(M1, c2);
    const low1 = Math.imul(M1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** FNV-1a over UTF-16 code units, twice with different offsets: turns a stream's name into 64 bits of counter. */
function hashName(name: string): [number, number] {
  let a = 0x811c9dc5;
  let b = 0x1000193 ^ name.length;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193) >>> 0;
    b = Math.imul(b ^ unit, 0x85ebca6b) >>> 0;
    b = (b ^ (b >>> 13)) >>> 0;
  }
  return [a, b];
}

/**
 * A named stream of random numbers under a seed. Reading it changes nothing: `at(i)` is a function of `i`.
 *
 * Use one stream per purpose, named after what it feeds (`"init/blocks.0.mlp.up.weight"`, `"batch"`), so that adding a
 * consumer never shifts the numbers of another.
 *
 * @example Any number can be recomputed
 * ```ts
 * import assert from "node:assert/strict";
 * import { RandomStream } from "cameo";
 *
 * const stream = new RandomStream(1337, "batch");
 * assert.equal(stream.uint32(5), new RandomStream(1337, "batch").uint32(5));
 * assert.ok(stream.uniform(0) >= 0 && stream.uniform(0) < 1);
 * ```
 */
export class RandomStream {
  readonly seed: number;
  readonly name: string;
  readonly #key: readonly [number, number];
  readonly #high: readonly [number, number];
  #block = -1;
  #words: readonly number[] = [];

  /**
   * @param seed - Integer, [0, 2^53).
   * @param name - Purpose of the stream.
   * @throws RangeError if the seed is not an integer in range.
   */
  constructor(seed: number, name: string) {
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new RangeError(`RandomStream: cannot use seed: got ${seed}, must be an integer in [0, 2^53)`);
    this.seed = seed;
    this.name = name;
    this.#key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
    this.#high = hashName(name);
  }

  /** The uint32 at `index` [0, 2^53). */
  uint32(index: number): number {
    const block = Math.floor(index / 4);
    if (block !== this.#block) {
      this.#words = philox([block >>> 0, Math.floor(block / 2 ** 32) >>> 0, ...this.#high], this.#key);
      this.#block = block;
    }
    return this.#words[index % 4] as number;
  }

  /** A double in [0, 1) with 53 random bits, from the two words at 2·index. */
  uniform(index: number): number {
    const a = this.uint32(2 * index) >>> 5;
    const b = this.uint32(2 * index + 1) >>> 6;
    return (a * 67108864 + b) / 9007199254740992;
  }

  /** The integer at `index`, in [0, bound), unbiased to within 2^-53. */
  integer(index: number, bound: number): number {
    return Math.floor(this.uniform(index) * bound);
  }

  /**
   * A standard normal variate. Numbers 2k and 2k+1 share one Box–Muller pair.
   *
   * @param index - Which one, [0, 2^52).
   * @source Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958.
   */
  normal(index: number): number {
    const pair = index - (index % 2);
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform(pair)));
    const angle = 2 * Math.PI * this.uniform(pair + 1);
    return index % 2 === 0 ? radius * Math.cos(angle) : radius * Math.sin(angle);
  }

  /** A stream of the same seed for the part `name` of this purpose: `stream.child("epoch-3")`. */
  child(name: string): RandomStream {
    return new RandomStream(this.seed, `${this.name}/${name}`);
  }
}

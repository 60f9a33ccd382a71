/** The bits below NumPy's `RandomState`. */

import type { BitGenerator } from "./pcg64.ts";

const size = 624;
const middle = 397;

/**
 * The Mersenne twister, seeded as `numpy.random.seed` does.
 *
 * @source Matsumoto and Nishimura, "Mersenne Twister: A 623-Dimensionally Equidistributed Uniform Pseudo-Random Number Generator", 1998,
 * https://doi.org/10.1145/272991.272995; seeding of 2002/01/26; checked against NumPy 1.26.4.
 */
export class Mt19937 implements BitGenerator {
  readonly #key: Uint32Array = new Uint32Array(size);
  #position = size;

  /** @param seed - One uint32, or a list of them (`init_by_array`). */
  constructor(seed: number | readonly number[]) {
    if (typeof seed === "number") this.#start(seed);
    else this.#startFrom(seed);
  }

  #start(seed: number): void {
    const key = this.#key;
    key[0] = seed;
    for (let i = 1; i < size; i++) {
      const before = key[i - 1] as number;
      key[i] = Math.imul(before ^ (before >>> 30), 1812433253) + i;
    }
  }

  #startFrom(words: readonly number[]): void {
    const key = this.#key;
    this.#start(19650218);
    let i = 1;
    const stir = (factor: number, addend: number): void => {
      const before = key[i - 1] as number;
      key[i] = ((key[i] as number) ^ Math.imul(before ^ (before >>> 30), factor)) + addend;
      if (++i < size) return;
      key[0] = key[size - 1] as number;
      i = 1;
    };
    for (let k = 0; k < Math.max(size, words.length); k++) {
      const j = k % words.length;
      stir(1664525, (words[j] as number) + j);
    }
    for (let k = 0; k < size - 1; k++) stir(1566083941, -i);
    key[0] = 0x80000000;
  }

  #twist(): void {
    const key = this.#key;
    const twisted = (i: number, next: number, far: number): void => {
      const y = ((key[i] as number) & 0x80000000) | ((key[next] as number) & 0x7fffffff);
      key[i] = (key[far] as number) ^ (y >>> 1) ^ (-(y & 1) & 0x9908b0df);
    };
    for (let i = 0; i < size - middle; i++) twisted(i, i + 1, i + middle);
    for (let i = size - middle; i < size - 1; i++) twisted(i, i + 1, i + middle - size);
    twisted(size - 1, 0, middle - 1);
    this.#position = 0;
  }

  nextUint32(): number {
    if (this.#position === size) this.#twist();
    let y = this.#key[this.#position++] as number;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  nextUint64(): bigint {
    const high = BigInt(this.nextUint32());
    return (high << 32n) | BigInt(this.nextUint32());
  }

  nextDouble(): number {
    const high = this.nextUint32() >>> 5;
    return (high * 67108864 + (this.nextUint32() >>> 6)) / 9007199254740992;
  }
}

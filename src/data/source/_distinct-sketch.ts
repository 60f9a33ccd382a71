/** How many different values a stream has: exact while they are few, then estimated within some 2 % from 4 KiB. */

import { hashNumber, hashText } from "./_hash.ts";

const exactMost = 1024;
const bits = 12;
const registers = 2 ** bits;

/**
 * A set of up to 1,024 hashes, then HyperLogLog.
 *
 * Source: Flajolet, Fusy, Gandouet and Meunier, "HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm", 2007, with
 * linear counting where registers are still empty; hashes have 53 bits, so large counts need no correction.
 */
export class DistinctSketch {
  #exact: Set<number> | undefined = new Set();
  #registers: Uint8Array | undefined;

  /** Takes a number or text. */
  add(value: number | string): void {
    this.#take(typeof value === "number" ? hashNumber(value) : hashText(value));
  }

  /** Takes what another sketch saw. */
  merge(other: DistinctSketch): void {
    if (other.#exact !== undefined) for (const hash of other.#exact) this.#take(hash);
    else {
      const own = this.#open();
      for (const [i, rank] of (other.#registers as Uint8Array).entries()) own[i] = Math.max(own[i] as number, rank);
    }
  }

  #take(hash: number): void {
    if (this.#exact === undefined) this.#count(hash);
    else if (this.#exact.add(hash).size > exactMost) this.#open();
  }

  #open(): Uint8Array {
    if (this.#registers === undefined) {
      this.#registers = new Uint8Array(registers);
      const known = this.#exact ?? [];
      this.#exact = undefined;
      for (const hash of known) this.#count(hash);
    }
    return this.#registers;
  }

  /** The low bits name a register, the place of the first one among the others is its rank. */
  #count(hash: number): void {
    const low = hash % 2 ** 32;
    const rest = Math.floor(hash / registers); // 41 bits
    const high = Math.floor(rest / 2 ** 32); // 9 bits
    const rank = high > 0 ? Math.clz32(high) - 22 : 10 + Math.clz32(rest);
    const own = this.#registers as Uint8Array;
    const register = low & (registers - 1);
    if (rank > (own[register] as number)) own[register] = rank;
  }

  /** The estimate. */
  get count(): number {
    if (this.#exact !== undefined) return this.#exact.size;
    let sum = 0;
    let empty = 0;
    for (const rank of this.#registers as Uint8Array) {
      sum += 2 ** -rank;
      if (rank === 0) empty++;
    }
    const raw = ((0.7213 / (1 + 1.079 / registers)) * registers * registers) / sum;
    return Math.round(raw <= 2.5 * registers && empty > 0 ? registers * Math.log(registers / empty) : raw);
  }
}

/** The bits below NumPy's `Generator`. */

import { Kernel } from "../../kernels/kernel.ts";
import { wasm } from "../../kernels/pcg64-wasm.ts";
import { type NumpySeed, seedSequence } from "./seed-sequence.ts";

/** What NumPy's distributions ask of a source of bits. */
export interface BitGenerator {
  nextUint32(): number;
  nextUint64(): bigint;
  /** In [0, 1), with 53 random bits. */
  nextDouble(): number;
}

const mask128 = (1n << 128n) - 1n;
const multiplier = 0x2360ed051fc65da44385df649fccf645n;

/** Numbers made at a time. */
const blockSize = 512;

type PcgKernel = Kernel<{ generate(generator: number, out: number, count: number): void }>;

/** All generators share one kernel, which they leave nothing in. */
let shared: { readonly kernel: PcgKernel; readonly at: number } | undefined;

/**
 * PCG XSL-RR 128/64, seeded through {@link seedSequence}: NumPy's `PCG64(seed)`.
 *
 * @source O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number Generation", 2014,
 * https://www.pcg-random.org/paper.html; checked against NumPy 1.26.4.
 */
export class Pcg64 implements BitGenerator {
  /** State and increment, 128 bits each, lowest byte first. */
  readonly #generator: Uint8Array = new Uint8Array(32);
  readonly #words: Uint32Array = new Uint32Array(2 * blockSize);
  /** Of the next number in `#words`. */
  #next = 2 * blockSize;
  /** The high half of the last 64 bits that were asked for as 32, or -1. */
  #kept = -1;

  constructor(seed: NumpySeed, spawnKey: readonly number[] = []) {
    const words = seedSequence(seed, 8, spawnKey);
    const uint64 = (i: number): bigint => (BigInt(words[2 * i + 1] as number) << 32n) | BigInt(words[2 * i] as number);
    const increment = ((((uint64(2) << 64n) | uint64(3)) << 1n) | 1n) & mask128;
    const state = ((increment + ((uint64(0) << 64n) | uint64(1))) * multiplier + increment) & mask128;
    const view = new DataView(this.#generator.buffer);
    for (const [i, value] of [state, state >> 64n, increment, increment >> 64n].entries())
      view.setBigUint64(8 * i, BigInt.asUintN(64, value), true);
  }

  /** Index in `#words` of the low half of the next 64 bits; the high half follows. */
  #advance(): number {
    if (this.#next === this.#words.length) this.#generate();
    this.#next += 2;
    return this.#next - 2;
  }

  #generate(): void {
    if (shared === undefined) {
      const kernel: PcgKernel = new Kernel(wasm);
      shared = { kernel, at: kernel.reserve(32 + 8 * blockSize) };
    }
    const { kernel, at } = shared;
    const memory = kernel.bytes(at, 32 + 8 * blockSize);
    memory.set(this.#generator);
    kernel.functions.generate(at, at + 32, blockSize);
    this.#generator.set(memory.subarray(0, 32));
    new Uint8Array(this.#words.buffer).set(memory.subarray(32));
    this.#next = 0;
  }

  nextUint64(): bigint {
    const at = this.#advance();
    return (BigInt(this.#words[at + 1] as number) << 32n) | BigInt(this.#words[at] as number);
  }

  nextUint32(): number {
    if (this.#kept >= 0) {
      const kept = this.#kept;
      this.#kept = -1;
      return kept;
    }
    const at = this.#advance();
    this.#kept = this.#words[at + 1] as number;
    return this.#words[at] as number;
  }

  nextDouble(): number {
    const at = this.#advance();
    return ((this.#words[at + 1] as number) * 2097152 + ((this.#words[at] as number) >>> 11)) / 9007199254740992;
  }
}

/** MinHash: how alike two texts are, from a few numbers of each. */

import { explain } from "../../base/errors.ts";
import { RandomStream } from "../../base/random.ts";
import { Kernel } from "../kernels/kernel.ts";
import { wasm } from "../kernels/minhash-wasm.ts";

/** Options of {@link MinHash}. */
export interface MinHashOptions {
  /** Words of a shingle, [1, 32]. @defaultValue 5 */
  readonly shingleWords?: number;
  /** Buckets that a text falls into. @defaultValue 14 */
  readonly buckets?: number;
  /** Minima that two texts must have in common to share a bucket. @defaultValue 8 */
  readonly rowsPerBucket?: number;
  /** Of the permutations, [0, 2^53). @defaultValue 1 */
  readonly seed?: number;
}

interface Functions {
  start(): void;
  shingles(text: number, length: number, size: number, out: number): number;
  minima(from: number, count: number, permutations: number, num: number, out: number): void;
  keys(signature: number, buckets: number, rows: number, out: number): void;
}

/** Longest text [UTF-16 code units]: with its shingles it must fit the kernel's memory. */
const longest = 2 ** 27;

/**
 * Makes signatures of texts, of which the share of equal numbers estimates the Jaccard index of the texts' shingles.
 *
 * Case, digits (each run counts as one), punctuation and white space are levelled; characters of scripts written without spaces are words
 * of their own. The defaults are FineWeb's: two texts with Jaccard index s share one of the 14 buckets with probability
 * 1 − (1 − s^8)^14, which is 0.77 at s = 0.75 and 0.9996 at s = 0.95. Permutations are x → a·x + b mod 2^32 with odd a, over 32-bit hashes,
 * where datatrove uses 64-bit ones; signatures of the two cannot be mixed.
 *
 * @source Broder, "On the Resemblance and Containment of Documents", 1997, https://doi.org/10.1109/SEQUEN.1997.666900; settings of Penedo et al.,
 * "The FineWeb Datasets", 2024, https://arxiv.org/abs/2406.17557, section 3.4.
 *
 * @example Nearly the same text
 * ```ts
 * import assert from "node:assert/strict";
 * import { estimateJaccard, MinHash } from "cameo/data/quality";
 *
 * const minHash = new MinHash();
 * const a = minHash.signature("The quick brown fox jumps over the lazy dog and runs away.");
 * const b = minHash.signature("the QUICK brown fox -- jumps over the lazy dog, and runs away");
 * assert.equal(estimateJaccard(a, b), 1);
 * ```
 */
export class MinHash {
  readonly shingleWords: number;
  readonly buckets: number;
  readonly rowsPerBucket: number;
  readonly seed: number;
  readonly #kernel = new Kernel<Functions>(wasm);
  readonly #encoder = new TextEncoder();
  readonly #permutations: number;
  readonly #padded: number;
  readonly #signature: number;
  readonly #keys: number;
  #text: number;
  #capacity = 2 ** 16; // bytes of text that fit

  /**
   * @param options - See {@link MinHashOptions}.
   * @throws RangeError if a count is not a positive integer in range.
   */
  constructor(options: MinHashOptions = {}) {
    this.shingleWords = counted("shingleWords", options.shingleWords ?? 5, 32);
    this.buckets = counted("buckets", options.buckets ?? 14, 1024);
    this.rowsPerBucket = counted("rowsPerBucket", options.rowsPerBucket ?? 8, 1024);
    this.seed = options.seed ?? 1;
    const kernel = this.#kernel;
    kernel.functions.start();
    this.#padded = Math.ceil((this.buckets * this.rowsPerBucket) / 16) * 16; // the kernel works on 16 at a time
    this.#permutations = kernel.reserve(8 * this.#padded);
    this.#signature = kernel.reserve(4 * this.#padded);
    this.#keys = kernel.reserve(8 * this.buckets);
    this.#text = kernel.reserve(5 * this.#capacity + 128);
    const random = new RandomStream(this.seed, "minhash");
    const words = new Uint32Array(kernel.bytes(this.#permutations, 8 * this.#padded).buffer, this.#permutations);
    for (let i = 0; i < this.#padded; i++) {
      words[i] = random.uint32(2 * i) | 1;
      words[this.#padded + i] = random.uint32(2 * i + 1);
    }
  }

  /**
   * The signature of a text.
   *
   * @param text - Any text.
   * @returns `buckets` · `rowsPerBucket` uint32; all 2^32 − 1 if it holds no word.
   * @throws RangeError if the text is longer than 2^27 characters.
   */
  signature(text: string): Uint32Array<ArrayBuffer> {
    this.#sign(text);
    const bytes = this.#kernel.bytes(this.#signature, 4 * this.buckets * this.rowsPerBucket);
    return new Uint32Array(bytes.slice().buffer);
  }

  /**
   * Writes the keys of a text's buckets: texts with a key in common, at the same place, are candidates for being duplicates.
   *
   * @param text - Any text.
   * @param keys - Where they go: two uint32, high half first, for each bucket.
   * @param offset - First index of `keys` to write.
   * @returns Whether the text has any word; if not, nothing is written.
   * @throws RangeError if the text is longer than 2^27 characters.
   */
  writeKeys(text: string, keys: Uint32Array, offset: number): boolean {
    if (this.#sign(text) === 0) return false;
    this.#kernel.functions.keys(this.#signature, this.buckets, this.rowsPerBucket, this.#keys);
    const bytes = this.#kernel.bytes(this.#keys, 8 * this.buckets);
    const halves = new Uint32Array(bytes.buffer, this.#keys, 2 * this.buckets);
    for (let i = 0; i < halves.length; i++) keys[offset + (i ^ 1)] = halves[i] as number;
    return true;
  }

  /**
   * The shingles of a text.
   *
   * @param text - Any text.
   * @returns Their 64-bit hashes, two uint32 each, low half first; valid until the next call.
   * @throws RangeError if the text is longer than 2^27 characters.
   */
  shingles(text: string): Uint32Array {
    const [address, count] = this.#shingle(text);
    return new Uint32Array(this.#kernel.bytes(address, 8 * count).buffer, address, 2 * count);
  }

  /** Puts the signature into the kernel's memory. Returns the number of shingles. */
  #sign(text: string): number {
    const [address, count] = this.#shingle(text);
    this.#kernel.functions.minima(address, count, this.#permutations, this.#padded, this.#signature);
    return count;
  }

  /** Puts the shingles into the kernel's memory. Returns their address and number. */
  #shingle(text: string): [address: number, count: number] {
    if (text.length > longest)
      throw new RangeError(
        explain({
          api: "MinHash",
          action: "sign a text",
          received: `it has ${text.length} characters`,
          rule: `at most ${longest} are possible`,
        }),
      );
    // UTF-8 takes at most three bytes for a UTF-16 code unit; most texts take one.
    let written = this.#encode(text, text.length + 64);
    if (written < 0) written = this.#encode(text, 3 * text.length);
    const address = this.#text + 64 * Math.ceil(this.#capacity / 64);
    return [address, this.#kernel.functions.shingles(this.#text, written, this.shingleWords, address)];
  }

  /** Encodes with room for `bytes`. Returns the bytes written, or -1 if they do not fit. */
  #encode(text: string, bytes: number): number {
    if (bytes > this.#capacity) {
      this.#capacity = Math.ceil(bytes * 1.25);
      // Behind the last reservation: the memory of the text before is used again.
      this.#kernel.reset();
      this.#kernel.reserve(this.#text - this.#permutations);
      this.#text = this.#kernel.reserve(5 * this.#capacity + 128);
    }
    const { read, written } = this.#encoder.encodeInto(text, this.#kernel.bytes(this.#text, this.#capacity));
    return read === text.length ? written : -1;
  }
}

/**
 * Estimates the Jaccard index of two texts.
 *
 * @param a - Signature of one.
 * @param b - Signature of the other, of the same {@link MinHash}.
 * @returns Share of the numbers that agree, [0, 1]; its variance is J(1 − J) / length.
 * @throws RangeError if their lengths differ.
 */
export function estimateJaccard(a: Uint32Array, b: Uint32Array): number {
  if (a.length !== b.length || a.length === 0)
    throw new RangeError(
      explain({
        api: "estimateJaccard",
        action: "compare signatures",
        received: `got lengths ${a.length} and ${b.length}`,
        rule: "must be equal and positive",
      }),
    );
  return a.reduce((equal, value, i) => equal + (value === b[i] ? 1 : 0), 0) / a.length;
}

function counted(name: string, value: number, most: number): number {
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new RangeError(
      explain({
        api: "MinHash",
        action: `use ${name}`,
        received: `got ${value}`,
        rule: `must be an integer in [1, ${most}]`,
      }),
    );
  return value;
}

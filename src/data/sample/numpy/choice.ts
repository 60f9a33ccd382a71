/** What both of NumPy's generators do alike: choosing with probabilities, and shuffling by a rule for bounded integers. */

import { explain } from "../../../base/errors.ts";
import type { BitGenerator } from "./pcg64.ts";

/** Options of `choice`. */
export interface ChoiceOptions {
  /** How many. @defaultValue 1 */
  readonly size?: number;
  /** Whether one may come several times. @defaultValue true */
  readonly replace?: boolean;
  /** Probability of each; they sum to 1. @defaultValue all alike */
  readonly p?: ArrayLike<number>;
}

/** Raises the errors that NumPy raises, where they are ours to find. */
export function checkChoice(api: string, population: number, options: ChoiceOptions): void {
  const { size = 1, replace = true, p } = options;
  const fail = (received: string, rule: string): never => {
    throw new RangeError(explain({ api, action: `choose ${size} of ${population}`, received, rule }));
  };
  if (!Number.isSafeInteger(population) || population < 0)
    fail("population is no count", "must be an integer in [0, 2^53)");
  if (!Number.isSafeInteger(size) || size < 0) fail("size is no count", "must be an integer in [0, 2^53)");
  if (size > 0 && population === 0) fail("there are none", "must be at least 1");
  if (!replace && size > population) fail("replace is false", "size may be at most the population");
  if (p === undefined) return;
  if (p.length !== population) fail(`p has ${p.length}`, "must have one probability for each");
  let sum = 0;
  let lost = 0;
  let positive = 0;
  for (let i = 0; i < p.length; i++) {
    const value = p[i] as number;
    if (!(value >= 0)) fail(`p[${i}] is ${value}`, "must not be negative or NaN");
    if (value > 0) positive++;
    const term = value - lost; // Kahan's summation
    const next = sum + term;
    lost = next - sum - term;
    sum = next;
  }
  if (Math.abs(sum - 1) > Math.sqrt(Number.EPSILON)) fail(`p sums to ${sum}`, "must sum to 1");
  if (!replace && positive < size) fail(`${positive} of p are not 0`, "must be at least size");
}

/** `cumsum(p) / sum`. */
function cumulative(p: ArrayLike<number>): Float64Array {
  const cdf = new Float64Array(p.length);
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    sum += p[i] as number;
    cdf[i] = sum;
  }
  for (let i = 0; i < p.length; i++) cdf[i] = (cdf[i] as number) / sum;
  return cdf;
}

/** First index whose value is above `x`: `searchsorted(x, side="right")`. */
function indexAbove(sorted: Float64Array, x: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (x < (sorted[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Indices drawn with probabilities `p`. */
export function weightedIndices(
  bits: BitGenerator,
  p: ArrayLike<number>,
  size: number,
  replace: boolean,
): Float64Array<ArrayBuffer> {
  const indices = new Float64Array(size);
  if (replace) {
    const cdf = cumulative(p);
    for (let i = 0; i < size; i++) indices[i] = indexAbove(cdf, bits.nextDouble());
    return indices;
  }
  // Draws as many as are missing, keeps the first of each, sets their p to 0, and again.
  const rest = Float64Array.from(p);
  let count = 0;
  while (count < size) {
    const cdf = cumulative(rest);
    const drawn = Array.from({ length: size - count }, () => indexAbove(cdf, bits.nextDouble()));
    for (const index of new Set(drawn)) {
      indices[count++] = index;
      rest[index] = 0;
    }
  }
  return indices;
}

/** Anything with elements at indices that can be swapped. */
export type Shufflable = unknown[] | Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array | Int8Array;

/** Fisher–Yates from the end down to `first`. */
export function shuffleInPlace(
  values: Shufflable,
  first: number,
  bounded: (bits: BitGenerator, range: number) => number,
  bits: BitGenerator,
): void {
  const array = values as unknown[];
  for (let i = array.length - 1; i >= first; i--) {
    const j = bounded(bits, i);
    const value = array[j];
    array[j] = array[i];
    array[i] = value;
  }
}

/** 0, 1, …, `length` - 1. */
export function range(length: number): Float64Array<ArrayBuffer> {
  if (length > 2 ** 31)
    throw new RangeError(
      explain({
        api: "numpy",
        action: `permute ${length}`,
        received: `takes ${8 * length} bytes`,
        rule: "the whole order is held, as NumPy does, for up to 2^31",
        hint: "permutation() needs no memory",
      }),
    );
  const values = new Float64Array(length);
  for (let i = 0; i < length; i++) values[i] = i;
  return values;
}

/** `size` numbers made one by one. */
export function numbers(size: number, next: () => number): Float64Array<ArrayBuffer> {
  const values = new Float64Array(size);
  for (let i = 0; i < size; i++) values[i] = next();
  return values;
}

/** The width of `integers` and `randint`: high - 1 - low. */
export function widthOf(api: string, low: number, high: number): number {
  const width = high - 1 - low;
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || !Number.isSafeInteger(width) || width < 0)
    throw new RangeError(
      explain({
        api,
        action: `draw from [${low}, ${high})`,
        received: "no such range",
        rule: "needs integers low < high less than 2^53 apart",
      }),
    );
  return width;
}

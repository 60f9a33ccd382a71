/** Every k-th row. */

import { explain } from "../../base/errors.ts";
import { RandomStream } from "../../base/random.ts";
import { checkCount } from "./_count.ts";
import { equalSample, type Sample } from "./sample.ts";

/** Options of {@link sampleSystematic}. */
export interface SystematicSampleOptions {
  /** Rows there are, up to 2^53. */
  readonly size: number;
  /** Rows to draw, exactly. */
  readonly n: number;
  /** Decides where it starts. */
  readonly seed: number;
  /**
   * Go round: start at any row and take every ⌊size/n⌋-th, a whole number, past the end to the beginning.
   * @defaultValue false
   */
  readonly circular?: boolean;
  /**
   * Value of each row that the rows are ordered by first. Neighbours in that order are alike, so the sample then has its share of every
   * range of values: implicit stratification. Takes memory for all rows.
   * @defaultValue the order of the rows
   */
  readonly sortKey?: ArrayLike<number> | ArrayLike<bigint> | readonly string[];
}

/** A {@link Sample} of every k-th row. */
export interface SystematicSample extends Sample {
  /** Rows from one to the next, on average. */
  readonly interval: number;
}

/**
 * Takes rows at a fixed interval from one random start.
 *
 * Use it where rows near each other are alike: it spreads the sample evenly and, as only one start is random, reads in order. Beware of
 * rows that repeat with the interval; {@link periodicity} tells. Its variance cannot be told from the sample alone.
 *
 * The interval size/n may be fractional, so the sample has exactly n rows and each is drawn with probability exactly n/size:
 *
 * ```text
 * row_i = ⌊(i·size + start) / n⌋,   start uniform on the integers [0, size)
 * ```
 *
 * @param options - See {@link SystematicSampleOptions}.
 * @returns Rows, ascending (with `circular`, from the start; with `sortKey`, in its order).
 * @throws RangeError if fewer rows than n are there, or `sortKey` has another length.
 * @source Madow and Madow, "On the Theory of Systematic Sampling", 1944, https://doi.org/10.1214/aoms/1177731312.
 *
 * @example Four of ten
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleSystematic } from "cameo/data/sample";
 *
 * const { rows, interval } = sampleSystematic({ size: 10, n: 4, seed: 1 });
 * assert.equal(interval, 2.5);
 * assert.ok(rows.every((row, i) => i === 0 || [2, 3].includes(row - (rows[i - 1] ?? 0))));
 * ```
 */
export function sampleSystematic(options: SystematicSampleOptions): SystematicSample {
  const { size, n, seed, circular = false, sortKey } = options;
  checkCount("sampleSystematic", "size", size, 0);
  checkCount("sampleSystematic", "n", n, 0, size);
  if (sortKey !== undefined && sortKey.length !== size)
    throw new RangeError(
      explain({
        api: "sampleSystematic",
        action: "use sortKey",
        received: `got ${sortKey.length} values`,
        rule: `there are ${size} rows`,
      }),
    );
  const start = Math.floor(new RandomStream(seed, "systematic").uniform(0) * size);
  const rows = new Float64Array(n);
  if (circular) {
    const step = Math.floor(size / n);
    const turn = size - start; // never adds beyond 2^53
    for (let i = 0; i < n; i++) rows[i] = i * step < turn ? start + i * step : i * step - turn;
  } else fillFractional(rows, size, start);
  if (sortKey !== undefined) {
    const order = sortedOrder(sortKey);
    for (let i = 0; i < n; i++) rows[i] = order[rows[i] as number] as number;
  }
  return { ...equalSample(rows, n / size), interval: circular ? Math.floor(size / n) : size / n };
}

/** ⌊(i·size + start) / n⌋ in integers that stay below 2^53: what is left of a division by n is carried along. */
function fillFractional(rows: Float64Array, size: number, start: number): void {
  const n = rows.length;
  const step = Math.floor(size / n);
  const remainder = size % n;
  let row = Math.floor(start / n);
  let carried = start % n;
  for (let i = 0; i < n; i++) {
    rows[i] = row;
    row += step;
    carried += remainder;
    if (carried >= n) {
      carried -= n;
      row++;
    }
  }
}

/** Row numbers by value, equal ones in their order; NaN last. */
export function sortedOrder(values: ArrayLike<number> | ArrayLike<bigint> | readonly string[]): Float64Array {
  const order = Float64Array.from({ length: values.length }, (_, i) => i);
  return order.sort((i, j) => {
    const a = values[i] as number;
    const b = values[j] as number;
    if (a < b) return -1;
    if (a > b) return 1;
    // biome-ignore lint/suspicious/noSelfCompare: NaN alone differs from itself, and strings and bigints are no business of isNaN
    const [aIsNaN, bIsNaN] = [a !== a, b !== b];
    return aIsNaN === bIsNaN ? i - j : aIsNaN ? 1 : -1;
  });
}

/** Whether rows repeat with the interval of a systematic sample, which would then see only one phase of them. */

import { checkCount } from "./_count.ts";

/** What {@link Periodicity} found. */
export interface PeriodicityReport {
  /** The interval that was looked at [rows]. */
  readonly lag: number;
  /** Correlation of the values with those `lag` rows on. */
  readonly autocorrelation: number;
  /** The larger of those at 0.38 and 0.62 of the lag: what a trend or a slow wave has at any lag. */
  readonly background: number;
  /** Whether the autocorrelation stands out: by 0.2, and by four standard errors. */
  readonly isPeriodic: boolean;
}

/**
 * Autocorrelation of a column at the interval of a systematic sample, in one pass and memory for one interval.
 *
 * Feed it the column of most interest in the order that is sampled. If it reports a period, use another interval, another order, or
 * random sampling.
 *
 * @example A week in daily rows
 * ```ts
 * import assert from "node:assert/strict";
 * import { Periodicity } from "cameo/data/sample";
 *
 * const weekly = new Periodicity(7);
 * for (let day = 0; day < 700; day++) weekly.add(day % 7 === 6 ? 0 : 100 + (day % 5));
 * assert.ok(weekly.report().isPeriodic);
 * ```
 */
export class Periodicity {
  readonly #lags: readonly number[];
  /** The last `lag` values, less the first of all. */
  readonly #ring: Float64Array;
  #first = 0;
  #count = 0;
  #sum = 0;
  #squares = 0;
  /** By lag: sum of products, and of the values that have no partner at the beginning. */
  readonly #products: number[] = [0, 0, 0];
  readonly #heads: number[] = [0, 0, 0];

  /**
   * @param lag - Interval to look at [rows], at least 2; a fractional one is rounded by the caller.
   * @throws RangeError if it is not such an integer.
   */
  constructor(lag: number) {
    checkCount("Periodicity", "lag", lag, 2, 2 ** 28);
    // Far from simple fractions of the lag, at which a period would also show.
    this.#lags = [lag, Math.max(1, Math.round(0.382 * lag)), Math.max(1, Math.round(0.618 * lag))];
    this.#ring = new Float64Array(lag);
  }

  /**
   * Goes on by one row.
   *
   * @param value - Of the row; one that is no finite number counts as the mean so far.
   */
  add(value: number): void {
    const lag = this.#ring.length;
    const at = this.#count % lag;
    if (this.#count === 0 && Number.isFinite(value)) this.#first = value;
    const x = Number.isFinite(value) ? value - this.#first : this.#count === 0 ? 0 : this.#sum / this.#count;
    for (let k = 0; k < 3; k++) {
      const back = this.#lags[k] as number;
      if (this.#count >= back)
        this.#products[k] = (this.#products[k] as number) + x * (this.#ring[(at - back + lag) % lag] as number);
      else this.#heads[k] = (this.#heads[k] as number) + x;
    }
    this.#ring[at] = x;
    this.#count++;
    this.#sum += x;
    this.#squares += x * x;
  }

  /** What was found so far. */
  report(): PeriodicityReport {
    const [autocorrelation, ...others] = this.#lags.map((_, k) => this.#correlation(k)) as [number, number, number];
    const background = Math.max(...others);
    const excess = autocorrelation - background;
    return {
      lag: this.#ring.length,
      autocorrelation,
      background,
      isPeriodic: excess > 0.2 && excess > 4 / Math.sqrt(this.#count),
    };
  }

  /** Σ(x_t − mean)(x_(t+lag) − mean) / Σ(x_t − mean)², from the sums. */
  #correlation(k: number): number {
    const lag = this.#lags[k] as number;
    const count = this.#count;
    if (count <= lag) return 0;
    const mean = this.#sum / count;
    const variance = this.#squares - count * mean * mean;
    if (!(variance > 1e-12 * this.#squares)) return 0;
    let tail = 0;
    for (let back = 1; back <= lag; back++) tail += this.#ring[(count - back) % this.#ring.length] as number;
    const sums = 2 * this.#sum - tail - (this.#heads[k] as number);
    return ((this.#products[k] as number) - mean * sums + (count - lag) * mean * mean) / variance;
  }
}

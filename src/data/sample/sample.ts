/** What every sampler returns, and what can be said of the whole from it. */

import { explain } from "../../base/errors.ts";

/** Rows that were drawn, and how likely each was: all that unbiased estimates need. */
export interface Sample {
  /** Row numbers; the sampler says in which order. With replacement a row may come several times. */
  readonly rows: Float64Array<ArrayBuffer>;
  /**
   * By drawn row, how often the row is expected in such a sample: the inclusion probability, or, with replacement, draws times the
   * probability of each. What is drawn half as often as another stands for twice as many, so weights are 1 over this.
   */
  readonly inclusionProbabilities: Float64Array<ArrayBuffer>;
}

/** A {@link Sample} whose rows are all equally likely. */
export function equalSample(rows: Float64Array<ArrayBuffer>, probability: number): Sample {
  return { rows, inclusionProbabilities: new Float64Array(rows.length).fill(probability) };
}

/**
 * Estimates the sum over all rows from those drawn, without bias whatever the sampler: the sum of y/π.
 *
 * For a mean, divide by the number of rows, or by the estimated number (`values` all 1), which often varies less.
 *
 * @param sample - What a sampler returned.
 * @param values - y of each drawn row.
 * @returns The Horvitz–Thompson estimate (with replacement, the Hansen–Hurwitz one).
 * @throws RangeError if there is not one value for each row.
 * @source Horvitz and Thompson, "A Generalization of Sampling Without Replacement From a Finite Universe", 1952,
 * https://doi.org/10.1080/01621459.1952.10483446; Hansen and Hurwitz, "On the Theory of Sampling from Finite Populations", 1943,
 * https://doi.org/10.1214/aoms/1177731356.
 *
 * @example How many rows there are, told from a sample
 * ```ts
 * import assert from "node:assert/strict";
 * import { estimateTotal, sampleRandom } from "cameo/data/sample";
 *
 * const sample = sampleRandom({ size: 1e6, n: 100, seed: 1 });
 * assert.ok(Math.abs(estimateTotal(sample, new Float64Array(100).fill(1)) - 1e6) < 1e-3);
 * ```
 */
export function estimateTotal(sample: Sample, values: ArrayLike<number>): number {
  const { rows, inclusionProbabilities } = sample;
  if (values.length !== rows.length)
    throw new RangeError(
      explain({
        api: "estimateTotal",
        action: "use values",
        received: `got ${values.length}`,
        rule: `the sample has ${rows.length} rows`,
      }),
    );
  let total = 0;
  for (let i = 0; i < rows.length; i++) total += (values[i] as number) / (inclusionProbabilities[i] as number);
  return total;
}

/**
 * How many equally weighted rows would tell a mean as precisely: (Σw)² / Σw².
 *
 * @param weights - Of each row: 1 over its inclusion probability.
 * @returns Between 1 and the number of rows; 0 for none.
 * @source Kish, "Survey Sampling", 1965, section 11.7.
 *
 * @example One heavy row among four
 * ```ts
 * import assert from "node:assert/strict";
 * import { effectiveSampleSize } from "cameo/data/sample";
 *
 * assert.equal(effectiveSampleSize([1, 1, 1, 1]), 4);
 * assert.ok(effectiveSampleSize([1, 1, 1, 7]) < 2);
 * ```
 */
export function effectiveSampleSize(weights: ArrayLike<number>): number {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i] as number;
    squares += (weights[i] as number) ** 2;
  }
  return squares === 0 ? 0 : (sum * sum) / squares;
}

/** Sampling rows by weight. */

import { explain } from "../../base/errors.ts";
import { checkCount, checkWeights } from "./_count.ts";
import { RowUniforms } from "./_hash.ts";
import { AliasTable } from "./alias-table.ts";
import type { Sample } from "./sample.ts";
import { WeightedReservoir } from "./weighted-reservoir.ts";

/** Options of {@link sampleWeighted}. */
export interface WeightedSampleOptions {
  /** Rows to draw. */
  readonly n: number;
  /** Decides which. */
  readonly seed: number;
  /** Whether a row may come several times. @defaultValue false */
  readonly replace?: boolean;
}

/**
 * Draws rows with probabilities in proportion to weights.
 *
 * With replacement each draw is by itself. Without, each is from the rows left, so that heavy rows are not drawn in full proportion; the
 * inclusion probabilities say how likely each was. A row of weight 0 is never drawn.
 *
 * @param weights - Of each row; not negative.
 * @param options - See {@link WeightedSampleOptions}.
 * @returns Rows in the order they were drawn.
 * @throws RangeError if there are fewer rows of positive weight than are wanted without replacement.
 *
 * @example A heavy row is drawn nearly always
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleWeighted } from "cameo/data/sample";
 *
 * const { rows } = sampleWeighted([1, 1, 1000, 1], { n: 2, seed: 1 });
 * assert.ok(rows.includes(2));
 * ```
 */
export function sampleWeighted(weights: ArrayLike<number>, options: WeightedSampleOptions): Sample {
  const { n, seed, replace = false } = options;
  checkCount("sampleWeighted", "n", n, 0);
  if (replace) return drawFrom(weights, n, seed, "weighted with replacement");
  if (n === 0) return { rows: new Float64Array(0), inclusionProbabilities: new Float64Array(0) };
  checkWeights("sampleWeighted", weights);
  const reservoir = new WeightedReservoir<number>({ n, seed });
  for (let row = 0; row < weights.length; row++) reservoir.offer(row, weights[row] as number, row);
  const items = reservoir.items();
  if (items.length < n)
    throw new RangeError(
      explain({
        api: "sampleWeighted",
        action: `draw ${n} rows`,
        received: `${items.length} have a positive weight`,
        rule: "there must be as many",
      }),
    );
  return {
    rows: Float64Array.from(items, ({ item }) => item),
    inclusionProbabilities: Float64Array.from(items, ({ inclusionProbability }) => inclusionProbability),
  };
}

function drawFrom(weights: ArrayLike<number>, n: number, seed: number, name: string): Sample {
  const table = new AliasTable(weights);
  const uniforms = new RowUniforms(seed, name);
  const rows = new Float64Array(n);
  const inclusionProbabilities = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const row = table.at(uniforms.at(i));
    rows[i] = row;
    inclusionProbabilities[i] = n * table.probability(row);
  }
  return { rows, inclusionProbabilities };
}

/** Options of {@link sampleImportance}. */
export interface ImportanceSampleOptions {
  /** Rows to draw. */
  readonly n: number;
  /** Decides which. */
  readonly seed: number;
  /**
   * Share of the draws that ignore the scores, [0, 1]: no weight is then above (rows/n)/share, whatever the scores are.
   * @defaultValue 0.1
   */
  readonly uniformShare?: number;
}

/** A {@link Sample} with the weights that undo its preference. */
export interface ImportanceSample extends Sample {
  /** 1/(n·p): the sum of weight times loss over the sample is, on average, the sum of the losses over all rows. */
  readonly weights: Float64Array<ArrayBuffer>;
}

/**
 * Draws rows by a score (a loss, a gradient's norm) with replacement, and returns the weights that make estimates unbiased.
 *
 * Use it to train on the rows that matter without changing what is trained for.
 *
 * @param scores - Of each row; not negative.
 * @param options - See {@link ImportanceSampleOptions}.
 * @throws RangeError if a score is negative, or all are 0.
 * @source Hesterberg, "Weighted Average Importance Sampling and Defensive Mixture Distributions", 1995,
 * https://doi.org/10.1080/00401706.1995.10484303, for the uniform share.
 *
 * @example Weights are bounded
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleImportance } from "cameo/data/sample";
 *
 * const { weights } = sampleImportance([0, 0, 0, 1], { n: 50, seed: 1, uniformShare: 0.5 });
 * assert.ok(Math.max(...weights) <= 4 / 50 / 0.5 + 1e-12);
 * ```
 */
export function sampleImportance(scores: ArrayLike<number>, options: ImportanceSampleOptions): ImportanceSample {
  const { n, seed, uniformShare = 0.1 } = options;
  checkCount("sampleImportance", "n", n, 0);
  if (!(uniformShare >= 0 && uniformShare <= 1))
    throw new RangeError(
      explain({
        api: "sampleImportance",
        action: "use uniformShare",
        received: `got ${uniformShare}`,
        rule: "must be in [0, 1]",
      }),
    );
  const sum = checkWeights("sampleImportance", scores);
  const level = uniformShare / scores.length;
  const mixed = new Float64Array(scores.length);
  for (let row = 0; row < mixed.length; row++)
    mixed[row] = level + (1 - uniformShare) * ((scores[row] as number) / sum);
  const sample = drawFrom(mixed, n, seed, "importance");
  return { ...sample, weights: sample.inclusionProbabilities.map((expected) => 1 / expected) };
}

/** Simple random sampling. */

import { checkCount } from "./_count.ts";
import { RowUniforms } from "./_hash.ts";
import { permutation } from "./permutation.ts";
import { equalSample, type Sample } from "./sample.ts";

/** Options of {@link sampleRandom}. */
export interface RandomSampleOptions {
  /** Rows there are, up to 2^53. */
  readonly size: number;
  /** Rows to draw. */
  readonly n: number;
  /** Decides which. */
  readonly seed: number;
  /** Whether a row may come several times. @defaultValue false */
  readonly replace?: boolean;
}

/**
 * Draws rows that are all equally likely, in random order, from any number of rows in memory for those drawn.
 *
 * A larger sample of the same seed begins with the smaller one.
 *
 * @param options - See {@link RandomSampleOptions}.
 * @returns Rows in the order they were drawn; inclusion probability n/size.
 * @throws RangeError if there are fewer rows than are wanted without replacement, or none.
 *
 * @example Three of a trillion
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleRandom } from "cameo/data/sample";
 *
 * const { rows, inclusionProbabilities } = sampleRandom({ size: 1e12, n: 3, seed: 1337 });
 * assert.equal(new Set(rows).size, 3);
 * assert.equal(inclusionProbabilities[0], 3e-12);
 * ```
 */
export function sampleRandom(options: RandomSampleOptions): Sample {
  const { size, n, seed, replace = false } = options;
  checkCount("sampleRandom", "size", size, 0);
  checkCount("sampleRandom", "n", n, 0, replace && size > 0 ? undefined : size);
  const rows = new Float64Array(n);
  if (replace) {
    const uniforms = new RowUniforms(seed, "random with replacement");
    for (let i = 0; i < n; i++) rows[i] = Math.floor(uniforms.at(i) * size);
  } else permutation({ size, seed, name: "random" }).fill(0, rows);
  return equalSample(rows, n / size);
}

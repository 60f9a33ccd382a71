/** Whether to keep a row, told from its number alone: sampling of streams whose end is not known. */

import { explain } from "../../base/errors.ts";
import { RandomStream } from "../../base/random.ts";
import { RowUniforms } from "./_hash.ts";

/** Options of {@link rowFilter}. */
export interface RowFilterOptions {
  /** Share of the rows to keep, (0, 1]; also the inclusion probability of each. */
  readonly fraction: number;
  /** Decides which. */
  readonly seed: number;
  /** Each row by itself, or every k-th (k = 1/fraction, which may be fractional) from a random start. @defaultValue "random" */
  readonly method?: "random" | "systematic";
}

/**
 * Keeps a share of the rows of a stream, in order, with no memory: for data that is too long to count first.
 *
 * The number of rows kept is random with `"random"`, and exact to within one with `"systematic"`. Shards that are filtered apart by
 * their rows' numbers agree with the whole.
 *
 * @param options - See {@link RowFilterOptions}.
 * @returns Whether a row number [0, 2^53) is kept: a pure function.
 * @throws RangeError if the fraction is outside of (0, 1].
 *
 * @example About one row in ten
 * ```ts
 * import assert from "node:assert/strict";
 * import { rowFilter } from "cameo/data/sample";
 *
 * const keeps = rowFilter({ fraction: 0.1, seed: 1, method: "systematic" });
 * assert.equal(Array.from({ length: 1000 }, (_, row) => row).filter(keeps).length, 100);
 * ```
 */
export function rowFilter(options: RowFilterOptions): (row: number) => boolean {
  const { fraction, seed, method = "random" } = options;
  if (!(fraction > 0 && fraction <= 1))
    throw new RangeError(
      explain({ api: "rowFilter", action: "use fraction", received: `got ${fraction}`, rule: "must be in (0, 1]" }),
    );
  if (method === "random") {
    const uniforms = new RowUniforms(seed, "row filter");
    return (row) => uniforms.at(row) < fraction;
  }
  // Row r is kept if one of the points start, start + k, … lies in [r, r + 1).
  const start = new RandomStream(seed, "systematic row filter").uniform(0);
  return (row) => Math.floor((row + 1) * fraction + start) > Math.floor(row * fraction + start);
}

/** Sampling each stratum (class, language, shard, …) by itself. */

import { explain } from "../../base/errors.ts";
import { checkCount } from "./_count.ts";
import { permutation } from "./permutation.ts";
import type { Sample } from "./sample.ts";

/** How many rows each stratum gives. */
export interface AllocationOptions {
  /** Rows to draw in all. */
  readonly n: number;
  /**
   * In proportion to the sizes; the same for all; or (Neyman) in proportion to size times standard deviation, which tells the total most precisely.
   * @defaultValue "proportional"
   */
  readonly allocation?: "proportional" | "equal" | "neyman";
  /** Standard deviation of the value of interest, by stratum; for `"neyman"`. */
  readonly deviations?: ReadonlyMap<string, number>;
  /**
   * Rows that each stratum gives at least, as far as it has them. With 0, a stratum that is small (or, under `"neyman"`, does not vary) may
   * give none, and no estimate from the sample knows of it; with 1, estimates are unbiased.
   * @defaultValue 0
   */
  readonly minimum?: number;
}

/**
 * Splits n rows among strata: shares are rounded by largest remainders, no stratum gives more than it has (what is missing is shared
 * among the others), and the sum is n exactly.
 *
 * @param sizes - Rows of each stratum.
 * @param options - See {@link AllocationOptions}.
 * @returns Rows to draw of each stratum, in the order of `sizes`.
 * @throws RangeError if there are fewer than n rows, the minima need more than n, or a deviation is missing.
 * @source Neyman, "On the Two Different Aspects of the Representative Method", 1934, https://doi.org/10.2307/2342192.
 *
 * @example Ten of three classes
 * ```ts
 * import assert from "node:assert/strict";
 * import { allocate } from "cameo/data/sample";
 *
 * const sizes = new Map([["cat", 600], ["dog", 390], ["owl", 10]]);
 * assert.deepEqual([...allocate(sizes, { n: 10 }).values()], [6, 4, 0]);
 * assert.deepEqual([...allocate(sizes, { n: 10, minimum: 1 }).values()], [5, 4, 1]);
 * ```
 */
export function allocate(sizes: ReadonlyMap<string, number>, options: AllocationOptions): Map<string, number> {
  const { n, allocation = "proportional", deviations, minimum = 0 } = options;
  const fail = (received: string, rule: string): never => {
    throw new RangeError(explain({ api: "allocate", action: `draw ${n} rows`, received, rule }));
  };
  checkCount("allocate", "minimum", minimum, 0);
  const strata = [...sizes].map(([name, size]) => {
    const deviation = allocation === "neyman" ? deviations?.get(name) : 1;
    if (deviation === undefined || !(deviation >= 0 && deviation < Number.POSITIVE_INFINITY))
      return fail(`the deviation of "${name}" is ${deviation}`, "must be a number of at least 0");
    const least = Math.min(minimum, size);
    return { name, size, weight: allocation === "equal" ? 1 : size * deviation, least };
  });
  const total = strata.reduce((sum, { size }) => sum + size, 0);
  checkCount("allocate", "n", n, 0, total);
  const promised = strata.reduce((sum, { least }) => sum + least, 0);
  if (promised > n) fail(`the minimum of ${minimum} takes ${promised}`, "n must be at least that");
  // If no weight is left while rows are (all deviations 0), what remains is shared by size.
  const given = new Map(fill(strata, n));
  return new Map(strata.map(({ name }) => [name, given.get(name) ?? 0]));
}

interface Stratum {
  readonly name: string;
  readonly size: number;
  readonly weight: number;
  readonly least: number;
}

/** Fixes the strata whose share is above their size or below their least, one kind at a time, and shares the rest again. */
function fill(strata: readonly Stratum[], n: number): [string, number][] {
  const weight = strata.reduce((sum, stratum) => sum + stratum.weight, 0);
  const weightOf = (stratum: Stratum): number => (weight > 0 ? stratum.weight / weight : 0);
  if (weight === 0 && strata.length > 0 && n > 0)
    return fill(
      strata.map((stratum) => ({ ...stratum, weight: stratum.size })),
      n,
    );
  const over = strata.filter((stratum) => n * weightOf(stratum) > stratum.size);
  const under = strata.filter((stratum) => n * weightOf(stratum) < stratum.least);
  const excess = over.reduce((sum, stratum) => sum + n * weightOf(stratum) - stratum.size, 0);
  const lack = under.reduce((sum, stratum) => sum + stratum.least - n * weightOf(stratum), 0);
  // Those of the greater misfit are settled for good; the others may fit once the rest is shared anew.
  const fixed = excess >= lack ? over : under;
  if (fixed.length === 0) return largestRemainders(strata, n, weightOf);
  const settled = fixed.map(({ name, size, least }): [string, number] => [name, fixed === over ? size : least]);
  const rest = strata.filter((stratum) => !fixed.includes(stratum));
  return [...settled, ...fill(rest, n - settled.reduce((sum, [, count]) => sum + count, 0))];
}

/** Rounds down, then gives what is missing to the largest remainders; earlier strata first among equal ones. */
function largestRemainders(
  strata: readonly Stratum[],
  n: number,
  weightOf: (stratum: Stratum) => number,
): [string, number][] {
  const quotas = strata.map((stratum) => n * weightOf(stratum));
  const counts = quotas.map((quota) => Math.floor(quota));
  let missing = n - counts.reduce((sum, count) => sum + count, 0);
  const byRemainder = quotas.map((quota, i) => ({ i, remainder: quota - Math.floor(quota) }));
  byRemainder.sort((a, b) => b.remainder - a.remainder || a.i - b.i);
  while (missing > 0) {
    const before = missing;
    for (const { i } of byRemainder) {
      if (missing === 0 || (counts[i] as number) >= (strata[i] as Stratum).size) continue;
      counts[i] = (counts[i] as number) + 1;
      missing--;
    }
    if (missing === before) break;
  }
  return strata.map(({ name }, i) => [name, counts[i] as number]);
}

/** Options of {@link StratifiedSelector} and {@link sampleStratified}. */
export interface StratifiedSampleOptions extends AllocationOptions {
  /** Decides which rows. */
  readonly seed: number;
}

/**
 * The second of two passes over rows: tells of each row, in order, whether it is drawn. Memory is that of the rows drawn, however many
 * there are.
 *
 * The first pass counts the strata. Rows must come in the same order in both only in so far as the n-th row of a stratum is the same.
 *
 * @example Two of each class of a stream
 * ```ts
 * import assert from "node:assert/strict";
 * import { StratifiedSelector } from "cameo/data/sample";
 *
 * const labels = [..."aabbbabbab"];
 * const selector = new StratifiedSelector(new Map([["a", 4], ["b", 6]]), { n: 4, allocation: "equal", seed: 1 });
 * const drawn = labels.filter((label) => selector.probabilityIfDrawn(label) > 0);
 * assert.deepEqual(drawn.sort(), ["a", "a", "b", "b"]);
 * ```
 */
export class StratifiedSelector {
  /** Rows that are drawn of each stratum. */
  readonly counts: ReadonlyMap<string, number>;
  readonly #strata: Map<string, { next: number; at: number; drawn: Float64Array; probability: number }>;

  /**
   * @param sizes - Rows of each stratum, as the first pass counted them.
   * @param options - See {@link StratifiedSampleOptions}.
   * @throws RangeError as {@link allocate} does.
   */
  constructor(sizes: ReadonlyMap<string, number>, options: StratifiedSampleOptions) {
    this.counts = allocate(sizes, options);
    this.#strata = new Map(
      [...this.counts].map(([name, count]) => {
        const size = sizes.get(name) as number;
        const drawn = permutation({ size, seed: options.seed, name: `stratum ${name}` }).fill(
          0,
          new Float64Array(count),
        );
        return [name, { next: 0, at: 0, drawn: drawn.sort(), probability: count / size }];
      }),
    );
  }

  /**
   * Goes on by one row.
   *
   * @param stratum - The row's.
   * @returns Its inclusion probability if the row is drawn, else 0.
   * @throws RangeError if no such stratum was counted.
   */
  probabilityIfDrawn(stratum: string): number {
    const state = this.#strata.get(stratum);
    if (state === undefined)
      throw new RangeError(
        explain({
          api: "StratifiedSelector",
          action: "go on",
          received: `got a row of "${stratum}"`,
          rule: "no such stratum was counted",
        }),
      );
    const isDrawn = state.drawn[state.next] === state.at;
    state.at++;
    if (isDrawn) state.next++;
    return isDrawn ? state.probability : 0;
  }
}

/** Counts the rows of each stratum: the first pass of {@link StratifiedSelector}. */
export function countStrata(labels: Iterable<unknown>, counts: Map<string, number> = new Map()): Map<string, number> {
  for (const label of labels) {
    const name = String(label);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/**
 * Draws from each stratum at random, so that each has the number of rows it should have and not only about that.
 *
 * Use it to keep rare classes in a sample, to balance classes (`allocation: "equal"`), or for more precise estimates where strata differ.
 *
 * @param strata - Stratum of each row; compared by its text.
 * @param options - See {@link StratifiedSampleOptions}.
 * @returns Rows, ascending; the inclusion probability of a row is that of its stratum.
 * @throws RangeError as {@link allocate} does.
 * @source Cochran, "Sampling Techniques", 3rd edition, 1977, chapter 5.
 *
 * @example As many cats as dogs
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleStratified } from "cameo/data/sample";
 *
 * const labels = ["cat", "cat", "cat", "cat", "cat", "cat", "dog", "dog"];
 * const { rows, inclusionProbabilities } = sampleStratified(labels, { n: 4, allocation: "equal", seed: 1 });
 * assert.equal([...rows].filter((row) => labels[row] === "dog").length, 2);
 * assert.deepEqual([...inclusionProbabilities], [1 / 3, 1 / 3, 1, 1]);
 * ```
 */
export function sampleStratified(strata: Iterable<unknown>, options: StratifiedSampleOptions): Sample {
  const labels = Array.isArray(strata) || ArrayBuffer.isView(strata) ? strata : [...strata];
  const selector = new StratifiedSelector(countStrata(labels as Iterable<unknown>), options);
  const rows = new Float64Array(options.n);
  const inclusionProbabilities = new Float64Array(options.n);
  let drawn = 0;
  let row = 0;
  for (const label of labels as Iterable<unknown>) {
    const probability = selector.probabilityIfDrawn(String(label));
    if (probability > 0) {
      rows[drawn] = row;
      inclusionProbabilities[drawn++] = probability;
    }
    row++;
  }
  return { rows, inclusionProbabilities };
}

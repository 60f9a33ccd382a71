/** A sample of a source against the source: one more pass, over only the columns that can be compared. */

import type { Source } from "../source/source.ts";
import type { Column } from "../table.ts";
import { comparableFields, type RepresentativenessReport, type SampleComparison } from "./compare.ts";
import { Periodicity, type PeriodicityReport } from "./periodicity.ts";

/** A {@link RepresentativenessReport}, and what is special to systematic samples. */
export interface SourceSampleReport extends RepresentativenessReport {
  /** Columns of numbers that repeat with the interval of the sample. */
  readonly periodic: readonly (PeriodicityReport & { readonly column: string })[];
}

/**
 * The rows after which a sample meets the same phase again. An interval that is no whole number may be of one in a few steps: 2.5 rows meet
 * a period of 5 at two of its rows for ever.
 */
function lagOf(interval: number): number {
  for (let steps = 1; steps <= 8; steps++) {
    const rows = steps * interval;
    if (Math.abs(rows - Math.round(rows)) < 0.05) return Math.round(rows);
  }
  return Math.round(interval);
}

/** Longest interval whose rows are kept to look for a period. */
const longestInterval = 2 ** 18;

/**
 * Completes comparisons (one for each part of a sample) with the rows of the source.
 *
 * @param source - The population.
 * @param comparisons - Each has all rows of its sample.
 * @param interval - Of a systematic sample [rows].
 * @param signal - Stops with the signal's reason.
 */
export async function compareWithSource(
  source: Source,
  comparisons: readonly SampleComparison[],
  interval?: number,
  signal?: AbortSignal,
): Promise<SourceSampleReport[]> {
  const fields = comparableFields(source.schema);
  const lag = lagOf(interval ?? 0);
  const numeric = fields.filter(({ type }) => type !== "string" && type !== "bool");
  const periods =
    lag >= 2 && lag <= longestInterval ? numeric.map(({ name }) => ({ name, period: new Periodicity(lag) })) : [];
  if (fields.length > 0)
    for await (const slice of source.read({
      columns: fields.map(({ name }) => name),
      ...(signal !== undefined && { signal }),
    })) {
      for (const comparison of comparisons) comparison.addPopulation(slice);
      for (const { name, period } of periods) {
        const values = slice.columns[name] as Column;
        for (let i = 0; i < slice.numRows; i++) period.add(values[i] === null ? Number.NaN : Number(values[i]));
      }
    }
  const periodic = periods
    .map(({ name, period }) => ({ column: name, ...period.report() }))
    .filter(({ isPeriodic }) => isPeriodic);
  return comparisons.map((comparison) => ({ ...comparison.report(), periodic }));
}

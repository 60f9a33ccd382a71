/** What the columns of a source hold, in one pass and bounded memory. */

import type { Cell, Column, ColumnType, Field } from "../table.ts";
import { ColumnSketch } from "./_column-sketch.ts";
import { columnIndices } from "./_record-source.ts";
import type { Source } from "./source.ts";

/** Counts between edges that lie equally far apart, at whole numbers where all values are such. */
export interface Histogram {
  /** Ascending, one more than there are counts. A bar holds its lower edge and not its upper one, but for the last. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** What numbers are like: those of a column, or the lengths of its strings, byte strings or lists. */
export interface NumberProfile {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Of a sample: divided by n − 1. */
  readonly standardDeviation: number;
  /** Values at 0.01, 0.05, 0.25, 0.5, 0.75, 0.95 and 0.99, estimated unless there are few. */
  readonly quantiles: Readonly<Record<string, number>>;
  readonly histogram: Histogram;
}

/** What a column holds. */
export interface ColumnProfile {
  readonly name: string;
  readonly type: ColumnType;
  /** Cells that are not null. */
  readonly count: number;
  readonly nulls: number;
  /** NaN and infinities; they are in no other figure but `count`. */
  readonly notFinite: number;
  /** Different values: exact up to 1,024, then estimated within some 2 %. */
  readonly distinct: number;
  /** Most frequent values with their counts, most frequent first; empty where nearly all values differ. */
  readonly top: readonly { readonly value: Cell; readonly count: number }[];
  /** Of numbers, booleans (0 and 1) and timestamps [ms]. */
  readonly numbers?: NumberProfile;
  /** Of strings [characters], bytes and images [bytes], lists [elements]. */
  readonly lengths?: NumberProfile;
}

/** What a source holds. */
export interface Profile {
  readonly numRows: number;
  readonly columns: readonly ColumnProfile[];
}

/** Options of {@link profileSource}. */
export interface ProfileOptions {
  /** Columns wanted. @defaultValue all */
  readonly columns?: readonly string[];
  /** Rows to look at, the first ones. @defaultValue all */
  readonly rows?: number;
  /** Most frequent values kept. @defaultValue 10 */
  readonly top?: number;
  /** Most bars of the histograms. @defaultValue 20 */
  readonly bins?: number;
  /** Stops the reading with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Profiles the columns of a source in one pass, whatever its format and size: memory does not grow with the rows.
 *
 * Counts, extremes, means and deviations are exact. Quantiles and histograms are exact up to 1,024 rows and then off by some 0.2 % of the
 * rows; `distinct` is off by some 2 %. Texts are told apart by their first 80 characters in `top`, and wholly in `distinct`.
 *
 * @param source - What to profile; its faults are reported to its log.
 * @param options - See {@link ProfileOptions}.
 *
 * @example The spread of a column
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { openSource, profileSource } from "cameo/data/source";
 *
 * const path = join(await mkdtemp(join(tmpdir(), "profile-")), "a.csv");
 * await writeFile(path, "size,kind\n1,a\n2,b\n3,a\n");
 * await using source = await openSource(path);
 * const { numRows, columns } = await profileSource(source);
 * assert.equal(numRows, 3);
 * assert.equal(columns[0]?.numbers?.mean, 2);
 * assert.deepEqual(columns[1]?.top[0], { value: "a", count: 2 });
 * ```
 */
export async function profileSource(source: Source, options: ProfileOptions = {}): Promise<Profile> {
  const { top = 10, bins = 20, rows = Number.POSITIVE_INFINITY, signal } = options;
  const fields = columnIndices(source.schema, options.columns).map((i) => source.schema[i] as Field);
  const sketches = fields.map((field) => new ColumnSketch(field));
  let numRows = 0;
  const read = { columns: fields.map(({ name }) => name), end: rows, ...(signal === undefined ? {} : { signal }) };
  for await (const table of source.read(read)) {
    numRows += table.numRows;
    for (const sketch of sketches) sketch.add(table.columns[sketch.field.name] as Column);
  }
  return { numRows, columns: sketches.map((sketch) => sketch.profile(top, bins)) };
}

/** The rows of a sample, fetched from their source. */

import { DataError, explain, isCameoError } from "../../base/errors.ts";
import type { ReadRowsOptions, Source } from "../source/source.ts";
import type { Field, Schema, Table } from "../table.ts";
import { RowBatch } from "./_row-batch.ts";
import type { Sample } from "./sample.ts";

/** Name of the column that {@link readSample} adds on request. */
export const probabilityColumn = "_inclusionProbability";

/** Options of {@link readSample}. */
export interface ReadSampleOptions {
  /** Rows as they stand in the source, which needs no memory, or as they were drawn, which needs a source that can take rows by number. @defaultValue "source" */
  readonly order?: "source" | "drawn";
  /** Whether to add the column `_inclusionProbability`. @defaultValue false */
  readonly probabilities?: boolean;
  /** Which of the drawn rows to give, told from the row; the columns it needs are in the table. @defaultValue all */
  readonly keeps?: (table: Table, index: number, row: number) => boolean;
  /** Most rows of a table. @defaultValue 1024 */
  readonly batchRows?: number;
  /** Stops with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Rows that are fewer than one in this many are looked up; of more, all are read and most dropped. */
const sparse = 200;

/**
 * Schema of what {@link readSample} gives.
 *
 * @param schema - Of the source.
 * @param probabilities - Whether the column `_inclusionProbability` is added.
 *
 * @example The added column is the last
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleSchema } from "cameo/data/sample";
 *
 * assert.equal(sampleSchema([{ name: "x", type: "int32", nullable: false }], true)[1]?.type, "float64");
 * ```
 */
export function sampleSchema(schema: Schema, probabilities: boolean): Schema {
  const added: Field = { name: probabilityColumn, type: "float64", nullable: false };
  return probabilities ? [...schema, added] : schema;
}

/**
 * Fetches the rows of a sample: by number where the source can and they are few, else in one pass over the source.
 *
 * A drawn row that has a fault is missing from what comes, and in the faults of the source.
 *
 * @param source - What the sample was drawn from.
 * @param sample - Rows, in any order.
 * @param options - See {@link ReadSampleOptions}.
 * @throws DataError if the drawn order is wanted of a source that cannot take rows by number.
 *
 * @example A sample on its way to a file
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { planSample, readSample } from "cameo/data/sample";
 * import { openSource } from "cameo/data/source";
 *
 * const path = join(await mkdtemp(join(tmpdir(), "sample-")), "people.jsonl");
 * await writeFile(path, Array.from({ length: 1000 }, (_, id) => `{"id":${id},"country":"${id % 3}"}\n`).join(""));
 * await using source = await openSource(path);
 * const sample = await planSample(source, { method: "systematic", n: 10, seed: 1 });
 * for await (const table of readSample(source, sample)) assert.equal(table.numRows, 10);
 * ```
 */
export async function* readSample(
  source: Source,
  sample: Sample,
  options: ReadSampleOptions = {},
): AsyncGenerator<Table> {
  const { order = "source", probabilities = false, keeps, batchRows = 1024, signal } = options;
  const batch = new RowBatch(batchRows);
  let drawn: number[] = [];
  const flush = (): Table => {
    const table = batch.take();
    const added = probabilities ? { [probabilityColumn]: Float64Array.from(drawn) } : {};
    drawn = [];
    return { numRows: table.numRows, columns: { ...table.columns, ...added } };
  };
  for await (const { table, indices, places } of foundRows(source, sample, order, batchRows, signal))
    for (const [i, index] of indices.entries()) {
      const place = places[i] as number;
      if (keeps !== undefined && !keeps(table, index, sample.rows[place] as number)) continue;
      batch.push(table, index);
      drawn.push(sample.inclusionProbabilities[place] as number);
      if (batch.isFull) yield flush();
    }
  if (batch.numRows > 0) yield flush();
}

/** Some rows of a table, and the place of each in the sample. */
interface FoundRows {
  readonly table: Table;
  readonly indices: readonly number[];
  readonly places: readonly number[];
}

function foundRows(
  source: Source,
  { rows }: Sample,
  order: "source" | "drawn",
  batchRows: number,
  signal: AbortSignal | undefined,
): AsyncIterable<FoundRows> {
  const places = Float64Array.from(rows, (_, place) => place);
  if (order === "drawn") {
    if (source.take === undefined)
      throw new DataError(
        explain({
          api: "readSample",
          action: "keep the order of drawing",
          received: `${source.format} cannot find a row by its number`,
          rule: "needs a source that can",
          hint: "write the rows in their own order, or as Parquet first",
        }),
        { source: source.location },
      );
    return byNumber(source, rows, places, batchRows, signal);
  }
  if (rows.some((row, i) => i > 0 && row < (rows[i - 1] as number)))
    places.sort((a, b) => (rows[a] as number) - (rows[b] as number) || a - b);
  const isSparse = source.take !== undefined && rows.length * sparse < (source.numRows ?? 0);
  return isSparse ? byNumber(source, rows, places, batchRows, signal) : inOnePass(source, rows, places, signal);
}

async function* byNumber(
  source: Source,
  rows: Float64Array,
  places: Float64Array,
  batchRows: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<FoundRows> {
  for (let at = 0; at < places.length; at += batchRows) {
    const part = [...places.subarray(at, at + batchRows)];
    const wanted = part.map((place) => rows[place] as number);
    try {
      const table = (await source.take?.(wanted, signal === undefined ? {} : { signal })) as Table;
      yield { table, indices: wanted.map((_, index) => index), places: part };
    } catch (error) {
      if (!isCameoError(error, "data")) throw error;
      // One of them has a fault: reading each by itself leaves it out and reports it.
      for (const place of part) yield* inOnePass(source, rows, Float64Array.of(place), signal);
    }
  }
}

/** `places` are in the order of their rows. */
async function* inOnePass(
  source: Source,
  rows: Float64Array,
  places: Float64Array,
  signal: AbortSignal | undefined,
): AsyncGenerator<FoundRows> {
  if (places.length === 0) return;
  const rowAt = (i: number): number => rows[places[i] as number] as number;
  const options: ReadRowsOptions = { start: rowAt(0), end: rowAt(places.length - 1) + 1 };
  let next = 0;
  for await (const slice of source.read({ ...options, ...(signal !== undefined && { signal }) })) {
    const indices: number[] = [];
    const found: number[] = [];
    for (let index = 0; index < slice.numRows; index++) {
      const row = slice.rows[index] as number;
      while (next < places.length && rowAt(next) < row) next++;
      for (; next < places.length && rowAt(next) === row; next++) {
        indices.push(index);
        found.push(places[next] as number);
      }
    }
    if (indices.length > 0) yield { table: slice, indices, places: found };
  }
}

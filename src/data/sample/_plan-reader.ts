/** What plans need of a source: its size, its columns, a pass over it. */

import { DataError, explain } from "../../base/errors.ts";
import type { ReadRowsOptions, Source } from "../source/source.ts";
import type { Cell, Column, TableSlice } from "../table.ts";
import { checkColumn } from "./check-column.ts";
import type { SourceSample, SourceSampleOptions } from "./source-sample.ts";

/** A source together with what is asked of it. */
export class PlanReader {
  readonly source: Source;
  readonly options: SourceSampleOptions;

  constructor(source: Source, options: SourceSampleOptions) {
    this.source = source;
    this.options = options;
    const { n, fraction } = options;
    const got = `n ${n ?? "absent"} and fraction ${fraction ?? "absent"}`;
    if ((n === undefined) === (fraction === undefined)) this.fail("decide how many rows", got, "needs one of the two");
    if (fraction !== undefined && !(fraction > 0 && fraction <= 1))
      this.fail("use fraction", `got ${fraction}`, "must be in (0, 1]");
  }

  fail(action: string, received: string, rule: string): never {
    throw new DataError(explain({ api: "sample", action, received, rule }), { source: this.source.location });
  }

  /** Says that an option is missing; to be used as its default. */
  need(option: keyof SourceSampleOptions): never {
    return this.fail(`use method "${this.options.method}"`, `${option} is absent`, `it needs ${option}`);
  }

  /** What samplers of rows by number take. */
  draw(): { seed: number; replace: boolean } {
    return { seed: this.options.seed, replace: this.options.replace ?? false };
  }

  /** Rows to draw of `size`. */
  count(size: number): number {
    return this.options.n ?? Math.round((this.options.fraction as number) * size);
  }

  /** Rows by number, which are counted if the source does not know. */
  async size(): Promise<number> {
    if (this.source.numRows !== undefined) return this.source.numRows;
    let size = 0;
    for await (const { rows } of this.read([])) size = Math.max(size, (rows.at(-1) ?? -1) + 1);
    return size;
  }

  /** Rows in order, in the columns named; of none, in the cheapest, for only the row numbers matter. */
  read(columns: readonly string[]): AsyncIterable<TableSlice> {
    const { schema } = this.source;
    const { signal } = this.options;
    for (const name of columns) checkColumn(this.source, name);
    const cheapest = schema.find(({ type }) => !/^(string|bytes|image|tensor|json)$/.test(type)) ?? schema[0];
    const wanted = columns.length > 0 ? columns : cheapest === undefined ? [] : [cheapest.name];
    const reading: ReadRowsOptions = { columns: wanted, batchRows: 8192, ...(signal !== undefined && { signal }) };
    return this.source.read(reading);
  }

  /** Row numbers of all rows, and one column of them. */
  async column(name: string): Promise<{ rows: Float64Array; cells: readonly Cell[] | Float64Array }> {
    const rows: number[] = [];
    const cells: Cell[] = [];
    for await (const slice of this.read([name]))
      for (let i = 0; i < slice.numRows; i++) {
        rows.push(slice.rows[i] as number);
        cells.push(cell(slice, name, i));
      }
    return { rows: Float64Array.from(rows), cells };
  }

  /** The rows of which `probabilityOf` is above 0, in one pass. */
  async select(
    columns: readonly string[],
    probabilityOf: (slice: TableSlice, i: number) => number,
  ): Promise<SourceSample> {
    const rows: number[] = [];
    const probabilities: number[] = [];
    let size = 0;
    for await (const slice of this.read(columns)) {
      size += slice.numRows;
      for (let i = 0; i < slice.numRows; i++) {
        const probability = probabilityOf(slice, i);
        if (probability === 0) continue;
        rows.push(slice.rows[i] as number);
        probabilities.push(probability);
      }
    }
    return { rows: Float64Array.from(rows), inclusionProbabilities: Float64Array.from(probabilities), size };
  }
}

/** One cell. */
export function cell(slice: TableSlice, name: string, i: number): Cell {
  return (slice.columns[name] as Column)[i] as Cell;
}

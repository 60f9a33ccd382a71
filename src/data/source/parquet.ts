/** Parquet: columns in row groups, with a footer that says where they are. */

import { DataError, explain, messageOf } from "../../base/errors.ts";
import type { Fault, FaultCode, FaultLog } from "../fault.ts";
import { nothingReadable } from "../first-fault.ts";
import { faultOf, ReadError } from "../store/read-error.ts";
import type { Store } from "../store/store.ts";
import type { Column, Field, Schema, Table, TableSlice } from "../table.ts";
import { parquetColumn } from "./_parquet-columns.ts";
import { ParquetFile } from "./_parquet-file.ts";
import { ParquetNumbers } from "./_parquet-numbers.ts";
import { columnIndices, fingerprintOf } from "./_record-source.ts";
import { allHaveExtension, dataEntries, type OpenContext, type SourceFormat } from "./format.ts";
import { pickRows } from "./pick-rows.ts";
import type { ReadRowsOptions, Source } from "./source.ts";
import { columnFor } from "./table-builder.ts";

/** Unpacked bytes that are decoded at a time, where the file has an index of its pages. */
const mostDecodedBytes = 2 ** 26;

/** Parquet files with the same columns. */
export const parquet: SourceFormat = {
  name: "parquet",
  detect: (_, entries, head) =>
    Buffer.from(head.subarray(0, 4)).toString("latin1") === "PAR1" || allHaveExtension(entries, [".parquet", ".parq"]),
  open: openParquet,
};

async function openParquet({ location, entries, store, faults }: OpenContext): Promise<Source> {
  const files: ParquetFile[] = [];
  for (const entry of dataEntries(entries)) {
    try {
      const file = await ParquetFile.open(store, entry);
      const misfit = files[0] === undefined ? undefined : difference(files[0].schema, file.schema);
      if (misfit === undefined) files.push(file);
      else faults.report({ code: "schema", source: entry.location, detail: misfit });
    } catch (error) {
      if (!(error instanceof ReadError)) throw error;
      faults.report(faultOf(error, entry.location, "decode"), error);
    }
  }
  if (files.length > 0) return new ParquetSource(location, store, files, faults);
  throw nothingReadable(location, entries.length, faults, "needs at least one Parquet file");
}

/** Why a file does not go with the first one. */
function difference(first: Schema, other: Schema): string | undefined {
  for (const { name, type } of first) {
    const own = other.find((field) => field.name === name);
    if (own === undefined) return `it lacks column "${name}", which the first file has`;
    if (own.type !== type) return `its column "${name}" is of type ${own.type}; in the first file it is ${type}`;
  }
  const extra = other.find(({ name }) => !first.some((field) => field.name === name));
  return extra === undefined ? undefined : `it has column "${extra.name}", which the first file lacks`;
}

/** Smallest and largest value and number of nulls of a column in a row group, as far as the footer says. */
export interface GroupStatistics {
  readonly min?: unknown;
  readonly max?: unknown;
  readonly nulls?: number;
}

/** A row group as the footer describes it. */
export interface GroupSummary {
  readonly file: string;
  /** First row, counted over all files. */
  readonly start: number;
  readonly numRows: number;
  readonly sizeBytes: number;
  readonly columns: Readonly<Record<string, GroupStatistics>>;
}

/**
 * What the footers of Parquet files say of their row groups, without reading any.
 *
 * @param source - Any source.
 * @returns The row groups of a Parquet source, in order of their rows; undefined for other formats.
 *
 * @example Extremes from the footer
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { openSource, parquetGroups, writeTable } from "cameo/data/source";
 *
 * const path = join(await mkdtemp(join(tmpdir(), "groups-")), "a.parquet");
 * const schema = [{ name: "n", type: "int32", nullable: false }] as const;
 * async function* tables() {
 *   yield { numRows: 3, columns: { n: Int32Array.of(5, 1, 3) } };
 * }
 * await writeTable(path, schema, tables());
 * await using source = await openSource(path);
 * assert.deepEqual(parquetGroups(source)?.[0]?.columns.n, { min: 1, max: 5, nulls: 0 });
 * ```
 */
export function parquetGroups(source: Source): readonly GroupSummary[] | undefined {
  return source instanceof ParquetSource ? source.groups : undefined;
}

/** Rows of Parquet files. */
class ParquetSource implements Source {
  readonly format = "parquet";
  readonly location: string;
  readonly schema: Schema;
  readonly numRows: number;
  readonly sizeBytes: number;
  readonly fingerprint: string;
  readonly faults: FaultLog;
  readonly #files: readonly ParquetFile[];
  readonly #store: Store;
  readonly #numbers = new ParquetNumbers();

  constructor(location: string, store: Store, files: readonly ParquetFile[], faults: FaultLog) {
    this.location = location;
    this.#store = store;
    this.#files = files;
    this.faults = faults;
    // What one file may leave out, the source may.
    this.schema = (files[0]?.schema ?? []).map((field) => {
      const nullable = files.some(({ schema }) => schema.find(({ name }) => name === field.name)?.nullable);
      return { ...field, nullable };
    });
    this.numRows = files.reduce((sum, { numRows }) => sum + numRows, 0);
    this.sizeBytes = files.reduce((sum, { entry }) => sum + entry.sizeBytes, 0);
    this.fingerprint = fingerprintOf(files.map(({ entry }) => entry));
  }

  get files(): Source["files"] {
    return this.#files.map(({ entry: { location, sizeBytes }, numRows }) => ({ location, sizeBytes, numRows }));
  }

  /** What the footers say of each row group, without reading any. */
  get groups(): readonly GroupSummary[] {
    let base = 0;
    return this.#files.flatMap((file) => {
      const own = file.groups.map(({ start, numRows, sizeBytes }, i) => {
        const chunks = file.metadata.row_groups[i]?.columns ?? [];
        const columns = Object.fromEntries(
          chunks.flatMap(({ meta_data: chunk }) => {
            const { statistics: known, path_in_schema: path = [] } = chunk ?? {};
            if (known === undefined || path.length !== 1) return [];
            const [min, max] = [known.min_value ?? known.min, known.max_value ?? known.max];
            const nulls = known.null_count === undefined ? {} : { nulls: Number(known.null_count) };
            return [[path[0] as string, { min, max, ...nulls }]];
          }),
        );
        return { file: file.entry.location, start: base + start, numRows, sizeBytes, columns };
      });
      base += file.numRows;
      return own;
    });
  }

  async *read(options: ReadRowsOptions = {}): AsyncGenerator<TableSlice> {
    const { start = 0, end = this.numRows, batchRows = 1024, signal } = options;
    const fields = columnIndices(this.schema, options.columns).map((i) => this.schema[i] as Field);
    const report = (fault: Fault, cause?: unknown): void => this.faults.report(fault, cause);
    for (const { file, base, from, to } of this.#stretches(start, Math.min(end, this.numRows), fields)) {
      signal?.throwIfAborted();
      const table = await this.#decoded(file, fields, base, from, to, report, signal);
      if (table === undefined) continue;
      for (let at = 0; at < table.numRows; at += batchRows)
        yield cut(table, at, Math.min(at + batchRows, table.numRows));
    }
  }

  /** Rows of the files that are decoded together, in order: a row group, or a part of one that is large. */
  *#stretches(start: number, end: number, fields: Schema): Generator<Stretch> {
    let base = 0;
    for (const file of this.#files) {
      for (const group of file.groups) {
        const [first, last] = [group.start, group.start + group.numRows];
        const share = fields.length / Math.max(1, file.schema.length);
        const bytesPerRow = Math.max(1, (group.sizeBytes * share) / Math.max(1, group.numRows));
        const step = file.hasPageIndex ? Math.max(1024, Math.floor(mostDecodedBytes / bytesPerRow)) : group.numRows;
        for (let from = Math.max(first, start - base); from < Math.min(last, end - base); from += step)
          yield { file, base, from, to: Math.min(last, end - base, from + step) };
      }
      base += file.numRows;
    }
  }

  /** Columns of rows of one group; undefined, and a fault, if they do not decode. */
  async #decoded(
    file: ParquetFile,
    fields: Schema,
    base: number,
    from: number,
    to: number,
    report: (fault: Fault, cause?: unknown) => void,
    signal?: AbortSignal,
  ): Promise<TableSlice | undefined> {
    const source = file.entry.location;
    try {
      const numbers =
        this.#store.kind === "file" ? await this.#numbers.read(source, fields, from, to) : new Map<string, Column>();
      const names = fields.flatMap(({ name }) => (numbers.has(name) ? [] : [name]));
      const decoded = new Map((await file.read(names, from, to, signal)).map((values, i) => [names[i], values]));
      const faulty = new Set<number>();
      const columns = fields.map((field): [string, Column] => {
        const fail = (index: number, code: FaultCode, detail: string): void => {
          if (!faulty.has(index)) report({ code, source, row: base + from + index, detail });
          faulty.add(index);
        };
        const known = numbers.get(field.name);
        if (known !== undefined) return [field.name, known];
        return [field.name, parquetColumn(field, decoded.get(field.name) ?? [], file.packed.has(field.name), fail)];
      });
      const rows = Float64Array.from({ length: to - from }, (_, i) => base + from + i);
      const table = { numRows: to - from, columns: Object.fromEntries(columns), rows };
      if (faulty.size === 0) return table;
      return pickRows(
        table,
        [...rows.keys()].filter((i) => !faulty.has(i)),
      );
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof DataError && !(error instanceof ReadError)) throw error;
      if (error instanceof ReadError && error.fault.code === "remote") throw error;
      const code = error instanceof ReadError ? error.fault.code : "decode";
      const detail = `rows ${base + from} to ${base + to - 1}: ${messageOf(error)}`;
      report({ code, source, row: base + from, numRows: to - from, detail }, error);
      return undefined;
    }
  }

  async take(rows: readonly number[], options: Pick<ReadRowsOptions, "columns" | "signal"> = {}): Promise<Table> {
    const fields = columnIndices(this.schema, options.columns).map((i) => this.schema[i] as Field);
    const order = [...rows.keys()].sort((a, b) => (rows[a] as number) - (rows[b] as number));
    const columns = fields.map((field) => columnFor(field, rows.length) as Column & unknown[]);
    let next = 0;
    for (const stretch of this.#stretches(0, this.numRows, fields)) {
      const { file, base } = stretch;
      const isIn = (row: number | undefined): boolean => row !== undefined && row < base + stretch.to;
      if (next === order.length) break;
      if (!isIn(rows[order[next] as number])) continue;
      const from = (rows[order[next] as number] as number) - base;
      let last = next;
      while (last < order.length && isIn(rows[order[last] as number])) last++;
      const to = (rows[order[last - 1] as number] as number) - base + 1;
      const faults: Fault[] = [];
      const note = (fault: Fault): unknown => faults.push(fault);
      const table =
        from < stretch.from ? undefined : await this.#decoded(file, fields, base, from, to, note, options.signal);
      const at = new Map(table === undefined ? [] : Array.from(table.rows, (row, i) => [row, i] as const));
      for (; next < last; next++) {
        const place = order[next] as number;
        const row = rows[place] as number;
        const index = at.get(row);
        if (index === undefined) throw this.#damaged(row, faults);
        for (const [i, { name }] of fields.entries())
          (columns[i] as unknown[])[place] = table?.columns[name]?.[index] as unknown;
      }
    }
    if (next < order.length)
      throw this.#refused(
        rows[order[next] as number] as number,
        `there are ${this.numRows} rows`,
        "must be one of them",
      );
    return {
      numRows: rows.length,
      columns: Object.fromEntries(fields.map(({ name }, i) => [name, columns[i] as Column])),
    };
  }

  /** Why a row that is there is not among those that were decoded. */
  #damaged(row: number, faults: readonly Fault[]): DataError {
    const fault = faults.find(({ row: first = 0, numRows = 1 }) => row >= first && row < first + numRows);
    if (fault === undefined) return this.#refused(row, `there are ${this.numRows} rows`, "must be one of them");
    const { code, source, detail } = fault;
    return new ReadError({ code, source, row, detail }, "must be sound");
  }

  #refused(row: number, received: string, rule: string): DataError {
    return new DataError(explain({ api: "source.take", action: `take row ${row}`, received, rule }), {
      source: this.location,
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#numbers[Symbol.asyncDispose]();
  }
}

/** Rows of one file that are decoded together; `base` is the number of rows before the file. */
interface Stretch {
  readonly file: ParquetFile;
  readonly base: number;
  readonly from: number;
  readonly to: number;
}

/** Some rows of a table. Typed arrays are copied, so that no batch keeps a whole row group alive. */
function cut(table: TableSlice, from: number, to: number): TableSlice {
  const columns = Object.fromEntries(
    Object.entries(table.columns).map(([name, column]) => [name, column.slice(from, to)]),
  );
  return { numRows: to - from, columns, rows: table.rows.slice(from, to) };
}

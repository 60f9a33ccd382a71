/** Sources whose files are records one after the other: text, JSONL, CSV. */

import { createHash } from "node:crypto";
import { DataError, explain } from "../../base/errors.ts";
import type { FaultLog } from "../fault.ts";
import { ReadError } from "../store/read-error.ts";
import type { Schema, Table, TableSlice } from "../table.ts";
import type { RecordFile, RowBlock } from "./_record-file.ts";
import { isRecordFault, type RecordFault, type RecordFormat } from "./_record-format.ts";
import type { ReadRowsOptions, Source } from "./source.ts";
import { TableBuilder } from "./table-builder.ts";

/** Bytes of text after which a table is given out, however few its rows. */
const mostTableBytes = 2 ** 26;

/** Names, sizes and versions of files as one short text. */
export function fingerprintOf(
  entries: readonly { readonly location: string; readonly sizeBytes: number; readonly version: string }[],
): string {
  const parts = entries.map(({ location, sizeBytes, version }) => [location.split(/[\\/]/).at(-1), sizeBytes, version]);
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

/** Indices of the wanted columns in a schema. Throws RangeError for a column that is not there. */
export function columnIndices(schema: Schema, columns: readonly string[] | undefined): number[] {
  return (columns ?? schema.map(({ name }) => name)).map((name) => {
    const index = schema.findIndex((field) => field.name === name);
    if (index >= 0) return index;
    const names = schema.map((field) => `"${field.name}"`);
    throw new RangeError(
      explain({
        api: "source.read",
        action: `read column "${name}"`,
        received: "there is no such column",
        rule: `must be one of ${names.slice(0, 20).join(", ")}${names.length > 20 ? ", …" : ""}`,
      }),
    );
  });
}

/** See the top of the file. */
export class RecordSource implements Source {
  readonly format: string;
  readonly location: string;
  readonly schema: Schema;
  readonly faults: FaultLog;
  readonly sizeBytes: number;
  readonly fingerprint: string;
  readonly #files: readonly RecordFile[];
  readonly #format: RecordFormat;
  /** Absent where a file is packed: then a row is found only by reading all before it. */
  readonly take?: NonNullable<Source["take"]>;

  constructor(
    location: string,
    format: RecordFormat,
    files: readonly RecordFile[],
    faults: FaultLog,
    canTake: boolean,
  ) {
    this.format = format.name;
    this.location = location;
    this.schema = format.schema;
    this.faults = faults;
    this.#files = files;
    this.#format = format;
    this.sizeBytes = files.reduce((sum, { entry }) => sum + entry.sizeBytes, 0);
    this.fingerprint = fingerprintOf(files.map(({ entry }) => entry));
    if (canTake) this.take = (rows, options) => this.#take(rows, options);
  }

  get files(): Source["files"] {
    return this.#files.map(({ entry: { location, sizeBytes }, numRows }) =>
      numRows === undefined ? { location, sizeBytes } : { location, sizeBytes, numRows },
    );
  }

  /** Known once everything was read, or counted for a row far down. */
  get numRows(): number | undefined {
    let sum = 0;
    for (const { numRows } of this.#files) {
      if (numRows === undefined) return undefined;
      sum += numRows;
    }
    return sum;
  }

  async *read(options: ReadRowsOptions = {}): AsyncGenerator<TableSlice> {
    const { start = 0, end = Number.POSITIVE_INFINITY, batchRows = 1024, signal } = options;
    const indices = columnIndices(this.schema, options.columns);
    const decode = this.#format.decoder(indices);
    const builder = new TableBuilder(
      indices.map((i) => this.schema[i] as Schema[number]),
      batchRows,
    );
    let base = 0; // rows of the files before
    let heldBytes = 0;
    for (const file of this.#files) {
      if (base >= end) break;
      if (start > base && start >= base + ((await this.#rowsUnlessLast(file, signal)) ?? Number.POSITIVE_INFINITY)) {
        base += file.numRows as number;
        continue;
      }
      for await (const block of file.rows(Math.max(0, start - base), end - base, signal)) {
        for (const [i, decoded] of this.#decoded(decode, block)) {
          const row = block.rows[i] as number;
          if (isRecordFault(decoded)) this.faults.report({ ...decoded, source: file.entry.location, row: base + row });
          else builder.add(base + row, decoded);
          if (builder.numRows === batchRows) yield builder.take();
        }
        heldBytes = builder.numRows === 0 ? 0 : heldBytes + block.sizeBytes;
        if (heldBytes > mostTableBytes && builder.numRows > 0) yield builder.take();
      }
      if (base + (file.numRows ?? Number.POSITIVE_INFINITY) >= end) break;
      base += file.numRows as number;
    }
    if (builder.numRows > 0) yield builder.take();
  }

  /** Rows of a file that others follow; they have to be known to number those. */
  async #rowsUnlessLast(file: RecordFile, signal: AbortSignal | undefined): Promise<number | undefined> {
    return file === this.#files.at(-1) ? file.numRows : file.count(signal);
  }

  *#decoded(
    decode: ReturnType<RecordFormat["decoder"]>,
    block: RowBlock,
  ): Generator<[number, readonly unknown[] | RecordFault]> {
    if (block.faults.size === 0) yield* decode(block.texts).entries();
    else
      for (const [i, text] of block.texts.entries())
        yield [i, block.faults.get(i) ?? (decode([text])[0] as readonly unknown[])];
  }

  async #take(rows: readonly number[], options: Pick<ReadRowsOptions, "columns" | "signal"> = {}): Promise<Table> {
    const indices = columnIndices(this.schema, options.columns);
    const decode = this.#format.decoder(indices);
    const fields = indices.map((i) => this.schema[i] as Schema[number]);
    const found = new Map<number, readonly unknown[]>();
    const wanted = [...new Set(rows)].sort((a, b) => a - b);
    let next = 0;
    let base = 0;
    for (const file of this.#files) {
      if (next === wanted.length) break;
      const count = await file.count(options.signal);
      while (next < wanted.length && (wanted[next] as number) < base + count) {
        // Rows of one stretch between two known places are read together.
        const first = (wanted[next] as number) - base;
        const { to } = file.index.find(first);
        let last = first;
        while (next < wanted.length && (wanted[next] as number) - base < Math.min(to?.row ?? count, count))
          last = (wanted[next++] as number) - base;
        await this.#find(file, [first, last], base, new Set(wanted), decode, found, options.signal);
      }
      base += count;
    }
    const builder = new TableBuilder(fields, rows.length);
    for (const row of rows) builder.add(row, found.get(row) ?? this.#missing(row, base));
    const { numRows, columns } = builder.take();
    return { numRows, columns };
  }

  async #find(
    file: RecordFile,
    [first, last]: readonly [number, number],
    base: number,
    wanted: ReadonlySet<number>,
    decode: ReturnType<RecordFormat["decoder"]>,
    found: Map<number, readonly unknown[]>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    for await (const block of file.rows(first, last + 1, signal))
      for (const [i, text] of block.texts.entries()) {
        const row = base + (block.rows[i] as number);
        if (!wanted.has(row)) continue;
        const decoded = block.faults.get(i) ?? (decode([text])[0] as readonly unknown[]);
        if (isRecordFault(decoded))
          throw new ReadError({ ...decoded, source: file.entry.location, row }, "a faulty row cannot be taken");
        found.set(row, decoded);
      }
  }

  #missing(row: number, numRows: number): never {
    throw this.#refused(row, `there are ${numRows} rows`, "must be one of them");
  }

  #refused(row: number, received: string, rule: string): DataError {
    return new DataError(explain({ api: "source.take", action: `take row ${row}`, received, rule }), {
      source: this.location,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

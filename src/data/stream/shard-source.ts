/** A source made of shards in which each row is a range of bytes: what MDS and WebDataset have in common. */

import type { TypedArray } from "../../tensor/dtype.ts";
import type { Fault, FaultLog } from "../fault.ts";
import type { ReadRowsOptions, Source } from "../source/source.ts";
import { ReadError } from "../store/read-error.ts";
import type { Cell, Schema, Table, TableSlice } from "../table.ts";
import { type OpenShard, OpenShards } from "./_open-shards.ts";
import { type RowRun, rowRuns } from "./_row-runs.ts";
import { compact, makeColumn, selectFields } from "./columns.ts";
import { FaultError } from "./fault-error.ts";
import { openShardFile, type ShardAccess, type ShardFile, type StoredShard } from "./shard-file.ts";
import type { ShardLayout } from "./shard-layout.ts";

/** One shard of a {@link ShardSource}. */
export interface ShardInfo extends StoredShard {
  readonly numRows: number;
  /** Why it must not be opened. */
  readonly fault?: FaultError;
}

/** What a format gives to {@link ShardSource}. */
export interface ShardSourceParts {
  readonly format: string;
  readonly location: string;
  readonly schema: Schema;
  readonly fingerprint: string;
  readonly faults: FaultLog;
  readonly shards: readonly ShardInfo[];
  readonly access: ShardAccess;
  /** Finds the rows of a shard. Throws FaultError if its bytes are no such shard. */
  layout(shard: ShardInfo, file: ShardFile): Promise<ShardLayout>;
}

/** What {@link ShardSource.takeWhole} finds: the rows without a fault, and why the others are missing. */
export interface Taken {
  readonly table: Table;
  /** Positions in the request of the rows of the table, ascending. */
  readonly kept: readonly number[];
  /** By position in the request. */
  readonly faults: ReadonlyMap<number, Fault>;
  /** Bytes that were read. */
  readonly sizeBytes: number;
}

/** Bytes of rows after which a table of {@link ShardSource.read} ends. */
const tableBytes = 1 << 23;
/** Reads of one request that are under way at once. */
const maxReads = 4;

/** See the file's head. */
export class ShardSource implements Source {
  readonly format: string;
  readonly location: string;
  readonly schema: Schema;
  readonly fingerprint: string;
  readonly faults: FaultLog;
  readonly files: Source["files"];
  readonly numRows: number;
  readonly sizeBytes: number;
  readonly #shards: readonly ShardInfo[];
  /** First row of each shard, and the count of all. */
  readonly #starts: Float64Array;
  readonly #open: OpenShards;

  constructor(parts: ShardSourceParts) {
    const { shards, access } = parts;
    this.format = parts.format;
    this.location = parts.location;
    this.schema = parts.schema;
    this.fingerprint = parts.fingerprint;
    this.faults = parts.faults;
    this.#shards = shards;
    this.files = shards.map(({ location, sizeBytes, numRows }) => ({ location, sizeBytes, numRows }));
    this.sizeBytes = shards.reduce((sum, shard) => sum + shard.sizeBytes, 0);
    this.#starts = new Float64Array(shards.length + 1);
    for (const [i, { numRows }] of shards.entries()) this.#starts[i + 1] = (this.#starts[i] as number) + numRows;
    this.numRows = this.#starts[shards.length] as number;
    this.#open = new OpenShards(async (number, signal) => {
      const shard = shards[number] as ShardInfo;
      if (shard.fault !== undefined) throw shard.fault;
      const file = await openShardFile(shard, access, signal);
      try {
        return { file, layout: await parts.layout(shard, file) };
      } catch (error) {
        await file[Symbol.asyncDispose]();
        throw error;
      }
    });
  }

  async *read(options: ReadRowsOptions = {}): AsyncGenerator<TableSlice> {
    const { start = 0, end = this.numRows, batchRows = 1024, signal, columns } = options;
    const fields = selectFields(this.schema, columns);
    let ahead: Promise<TableSlice> | undefined;
    const unreadable = new Set<number>();
    try {
      for (const [first, last] of this.#spans(start, Math.min(end, this.numRows), batchRows, unreadable)) {
        signal?.throwIfAborted();
        const next = this.#slice(first, last, fields, unreadable);
        next.catch(() => {}); // seen when it is awaited
        if (ahead !== undefined) yield* nonEmpty(await ahead);
        ahead = next;
      }
      if (ahead !== undefined) yield* nonEmpty(await ahead);
    } finally {
      await ahead?.catch(() => {});
    }
  }

  /**
   * Ranges of rows, each of one shard, of at most `batchRows` rows and about {@link tableBytes} on average. What is left of a shard that
   * turned out to be unreadable is passed over: an index may claim any number of rows for it.
   */
  *#spans(start: number, end: number, batchRows: number, unreadable: ReadonlySet<number>): Generator<[number, number]> {
    for (let shard = 0; shard < this.#shards.length; shard++) {
      const { numRows, sizeBytes, packing } = this.#shards[shard] as ShardInfo;
      const first = Math.max(start, this.#starts[shard] as number);
      const last = Math.min(end, this.#starts[shard + 1] as number);
      const rowBytes = (packing?.sizeBytes ?? sizeBytes) / Math.max(1, numRows);
      const step = Math.max(1, Math.min(batchRows, Math.floor(tableBytes / Math.max(1, rowBytes))));
      for (let at = first; at < last && !unreadable.has(shard); at += step) yield [at, Math.min(at + step, last)];
    }
  }

  async #slice(start: number, end: number, fields: Schema, unreadable: Set<number>): Promise<TableSlice> {
    const wanted = Array.from({ length: end - start }, (_, i) => start + i);
    const { table, kept, faults } = await this.#gather(wanted, fields);
    for (const fault of faults.values()) {
      if (fault.row === undefined) unreadable.add(this.shardOf(start));
      this.faults.report(fault);
    }
    return { ...table, rows: Float64Array.from(kept, (slot) => start + slot) };
  }

  async take(rows: readonly number[], options: Pick<ReadRowsOptions, "columns" | "signal"> = {}): Promise<Table> {
    const { table, faults } = await this.takeWhole(rows, options);
    for (const fault of faults.values()) throw new ReadError(fault, "its bytes are damaged");
    return table;
  }

  /** As `take`, but rows with a fault are left out and not reported: the caller says what becomes of them. */
  async takeWhole(rows: readonly number[], options: Pick<ReadRowsOptions, "columns" | "signal"> = {}): Promise<Taken> {
    const wrong = rows.find((row) => !Number.isInteger(row) || row < 0 || row >= this.numRows);
    if (wrong !== undefined)
      throw new RangeError(`take: cannot take row ${wrong}: there are ${this.numRows}, must be one of them`);
    return this.#gather(rows, selectFields(this.schema, options.columns), options.signal);
  }

  async #gather(rows: readonly number[], fields: Schema, signal?: AbortSignal): Promise<Taken> {
    const columns = fields.map((field) => makeColumn(field, rows.length));
    const positions = fields.map((field) => this.schema.indexOf(field));
    const faults = new Map<number, Fault>();
    let sizeBytes = 0;
    const decodeRun = (shard: number, layout: ShardLayout, run: RowRun, bytes: Uint8Array<ArrayBuffer>): void => {
      for (const { row, slot } of run.rows)
        try {
          const begin = layout.begin(row) - run.start;
          const end = layout.end(row) - run.start;
          if (end > bytes.length) throw new FaultError("truncated", "the shard ends before the sample does", run.end);
          const cells = layout.decode(row, bytes.subarray(begin, end), positions);
          for (let i = 0; i < cells.length; i++) (columns[i] as Cell[])[slot] = cells[i] as Cell;
        } catch (error) {
          if (!(error instanceof FaultError)) throw error;
          faults.set(slot, this.#faultOf(error, shard, row));
        }
    };
    for (const [number, wanted] of this.#byShard(rows)) {
      signal?.throwIfAborted();
      const gather = async (shard: OpenShard): Promise<void> => {
        if ("fault" in shard) {
          for (const { slot } of wanted) faults.set(slot, this.#faultOf(shard.fault, number));
          return;
        }
        const { file, layout } = shard;
        const runs = rowRuns(layout, wanted);
        let next = 0;
        const reader = async (): Promise<void> => {
          while (next < runs.length) {
            signal?.throwIfAborted();
            const run = runs[next++] as RowRun;
            try {
              const bytes = await file.read(run.start, run.end, { signal });
              sizeBytes += bytes.length;
              decodeRun(number, layout, run, bytes);
            } catch (error) {
              if (!(error instanceof FaultError)) throw error;
              for (const { row, slot } of run.rows) faults.set(slot, this.#faultOf(error, number, row));
            }
          }
        };
        await Promise.all(Array.from({ length: Math.min(maxReads, runs.length) }, reader));
      };
      await this.#open.use(number, gather, signal);
    }
    const kept = Array.from(rows, (_, slot) => slot).filter((slot) => !faults.has(slot));
    const cells = fields.map(({ name }, i) => [name, compact(columns[i] as TypedArray | Cell[], kept)] as const);
    return { table: { numRows: kept.length, columns: Object.fromEntries(cells) }, kept, faults, sizeBytes };
  }

  /** The fault of a row, or of all rows of a shard. */
  #faultOf({ faultCode, byte, message }: FaultError, shard: number, row?: number): Fault {
    const { location, numRows } = this.#shards[shard] as ShardInfo;
    return {
      code: faultCode,
      source: location,
      ...(row === undefined ? { numRows } : { row }),
      ...(byte === undefined ? {} : { byte }),
      detail: message,
    };
  }

  /** Rows by shard, ascending, with their positions in the request. */
  #byShard(rows: readonly number[]): Map<number, { row: number; slot: number }[]> {
    const groups = new Map<number, { row: number; slot: number }[]>();
    let shard = 0;
    for (let slot = 0; slot < rows.length; slot++) {
      const row = rows[slot] as number;
      if (row < (this.#starts[shard] as number) || row >= (this.#starts[shard + 1] as number))
        shard = this.shardOf(row);
      const entry = { row: row - (this.#starts[shard] as number), slot };
      const group = groups.get(shard);
      if (group === undefined) groups.set(shard, [entry]);
      else group.push(entry);
    }
    for (const group of groups.values()) group.sort((a, b) => a.row - b.row);
    return groups;
  }

  /** Number of the shard that has a row. */
  shardOf(row: number): number {
    let [low, high] = [0, this.#shards.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#starts[middle] as number) <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#open[Symbol.asyncDispose]();
  }
}

/** A table that lost all its rows is not worth a turn. */
function* nonEmpty(slice: TableSlice): Generator<TableSlice> {
  if (slice.numRows > 0) yield slice;
}

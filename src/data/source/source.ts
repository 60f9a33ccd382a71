/** What every format of data offers to the parts above: a schema, counts, and rows in order or by number. */

import type { FaultLog } from "../fault.ts";
import type { Schema, Table, TableSlice } from "../table.ts";

/** Options of {@link Source.read}. */
export interface ReadRowsOptions {
  /** Columns wanted, in any order. @defaultValue all */
  readonly columns?: readonly string[];
  /** First row. @defaultValue 0 */
  readonly start?: number;
  /** Row after the last. @defaultValue the end */
  readonly end?: number;
  /** Most rows in one table; fewer come where memory or a file's end asks for it. @defaultValue 1024 */
  readonly batchRows?: number;
  /** Stops the reading with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A data set of any format, opened: nothing but its head has been read. */
export interface Source extends AsyncDisposable {
  /** `"jsonl"`, `"parquet"`, `"webdataset"`, … */
  readonly format: string;
  /** What the user named. */
  readonly location: string;
  /** Files it consists of, in order of their rows. */
  readonly files: readonly { readonly location: string; readonly sizeBytes: number; readonly numRows?: number }[];
  readonly schema: Schema;
  /** Rows, or undefined when only reading everything would tell. */
  readonly numRows: number | undefined;
  /** Bytes of all files, as they are stored. */
  readonly sizeBytes: number;
  /** Identifies the content, as far as names, sizes and versions of the files do. */
  readonly fingerprint: string;
  /** What could not be used so far. */
  readonly faults: FaultLog;
  /** Rows in order. Rows with a fault are missing from the slices and reported to {@link faults}. */
  read(options?: ReadRowsOptions): AsyncIterable<TableSlice>;
  /** These rows in this order, where the format can find a row without reading all before it. Faulty rows make it throw DataError. */
  take?(rows: readonly number[], options?: Pick<ReadRowsOptions, "columns" | "signal">): Promise<Table>;
}

/** Arrays that share their first axis, as a source: its positions are the rows. */

import { DataError, explain } from "../../base/errors.ts";
import { arrayTypeOf, type DType, type TypedArray } from "../../tensor/dtype.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor/shape.ts";
import type { FaultLog } from "../fault.ts";
import { faultOf, ReadError } from "../store/read-error.ts";
import type { StoreEntry } from "../store/store.ts";
import type { Cell, Column, Field, Table, TableSlice } from "../table.ts";
import { columnIndices, fingerprintOf } from "./_record-source.ts";
import { splitOfName } from "./_split-name.ts";
import type { ReadRowsOptions, Source } from "./source.ts";

/** One array of one or more axes. */
export interface ArrayColumn {
  readonly name: string;
  /** What faults call it. */
  readonly source: string;
  readonly dtype: DType | "bytes";
  /** Axes; the first counts rows. */
  readonly shape: Shape;
  /** Bytes of a row. */
  readonly rowBytes: number;
  /** Rows that are stored together, from row 0 on, where they are: tables do not cross that border. */
  readonly chunkRows?: number;
  /** Items of the rows from `start` to `end`, in row-major order. Throws ReadError if they cannot be had. */
  read(start: number, end: number, signal?: AbortSignal): Promise<Column>;
}

/** Most bytes of a table. */
const tableBytes = 2 ** 25;
/** Rows between two wanted ones that are read too, rather than reading twice. */
const gapRows = 16;
/** Ranges that are read at the same time. */
const inFlight = 8;

/** What {@link arraySource} is made of. `columns` agree in their first axis. */
export interface ArraySourceParts {
  readonly format: string;
  readonly location: string;
  readonly entries: readonly StoreEntry[];
  readonly columns: readonly ArrayColumn[];
  readonly faults: FaultLog;
}

/** Whether a row is one item of a typed array; a complex number is two. */
function isPlain({ dtype, shape }: ArrayColumn): boolean {
  return shape.length === 1 && !dtype.startsWith("complex");
}

function fieldOf(column: ArrayColumn): Field {
  const { name, dtype, shape } = column;
  if (isPlain(column)) return { name, type: dtype, nullable: false };
  return { name, type: "tensor", nullable: false, element: dtype as DType, shape: shape.slice(1) };
}

/** The part of a column from item `start` to `end`. */
function partOf(items: Column, start: number, end: number): Column {
  return Array.isArray(items) ? items.slice(start, end) : (items as TypedArray).subarray(start, end);
}

/** Items as the cells of a column: themselves, or a tensor for each row. */
function cellsOf(column: ArrayColumn, items: Column, numRows: number): Column {
  const { dtype, shape } = column;
  if (isPlain(column)) return items;
  const rest = shape.slice(1);
  const size = sizeOf(rest) * (dtype.startsWith("complex") ? 2 : 1);
  return Array.from({ length: numRows }, (_, row) => ({
    dtype,
    shape: rest,
    data: partOf(items, row * size, (row + 1) * size),
  })) as readonly Cell[];
}

/** A source over arrays. */
export function arraySource({ format, location, entries, columns, faults }: ArraySourceParts): Source {
  const numRows = columns[0]?.shape[0] ?? 0;
  const schema = columns.map(fieldOf);
  const wanted = (names: readonly string[] | undefined): readonly ArrayColumn[] =>
    columnIndices(schema, names).map((index) => columns[index] as ArrayColumn);
  return {
    format,
    location,
    files: entries.map((entry) => ({ location: entry.location, sizeBytes: entry.sizeBytes })),
    schema,
    numRows,
    sizeBytes: entries.reduce((sum, entry) => sum + entry.sizeBytes, 0),
    fingerprint: fingerprintOf(entries),
    faults,
    read: (options = {}) => readRows(wanted(options.columns), numRows, faults, options),
    take: (rows, options = {}) => takeRows(wanted(options.columns), numRows, rows, options.signal),
    [Symbol.asyncDispose]: async () => {},
  };
}

async function* readRows(
  columns: readonly ArrayColumn[],
  numRows: number,
  faults: FaultLog,
  { start = 0, end = numRows, batchRows = 1024, signal }: ReadRowsOptions,
): AsyncGenerator<TableSlice> {
  const rowBytes = columns.reduce((sum, column) => sum + column.rowBytes, 0);
  const most = Math.max(1, Math.min(batchRows, Math.floor(tableBytes / Math.max(1, rowBytes))));
  const chunk = Math.min(...columns.map((column) => column.chunkRows ?? Infinity));
  for (let row = start, next = start; row < Math.min(end, numRows); row = next) {
    signal?.throwIfAborted();
    const border = chunk === Infinity ? Infinity : (Math.floor(row / chunk) + 1) * chunk;
    next = Math.min(row + most, border, end, numRows);
    const slice = await readSlice(columns, row, next, faults, signal);
    if (slice !== undefined) yield slice;
  }
}

/** The rows from `start` to `end`, or nothing where a column cannot be read. */
async function readSlice(
  columns: readonly ArrayColumn[],
  start: number,
  end: number,
  faults: FaultLog,
  signal: AbortSignal | undefined,
): Promise<TableSlice | undefined> {
  const numRows = end - start;
  try {
    const cells = await Promise.all(
      columns.map(async (column) => cellsOf(column, await column.read(start, end, signal), numRows)),
    );
    return {
      numRows,
      columns: Object.fromEntries(columns.map(({ name }, i) => [name, cells[i] as Column])),
      rows: Float64Array.from({ length: numRows }, (_, i) => start + i),
    };
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    const detail = `rows ${start} to ${end - 1}: ${error.fault.detail}`;
    faults.report({ ...error.fault, row: start, numRows, detail }, error);
    return undefined;
  }
}

async function takeRows(
  columns: readonly ArrayColumn[],
  numRows: number,
  rows: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Table> {
  const wrong = rows.find((row) => !Number.isInteger(row) || row < 0 || row >= numRows);
  if (wrong !== undefined)
    throw new RangeError(
      explain({ api: "take", action: `take row ${wrong}`, received: `there are ${numRows} rows`, rule: "must be one" }),
    );
  const runs = runsOf(rows);
  const taken: Record<string, Column> = {};
  for (const column of columns) {
    const cells: Cell[] = new Array(rows.length);
    for (let i = 0; i < runs.length; i += inFlight)
      await Promise.all(
        runs.slice(i, i + inFlight).map(async ({ start, end, places }) => {
          const items = cellsOf(column, await column.read(start, end, signal), end - start);
          for (const place of places) cells[place] = items[(rows[place] as number) - start] as Cell;
        }),
      );
    taken[column.name] = isPlain(column) ? likeItems(cells, column.dtype) : cells;
  }
  return { numRows: rows.length, columns: taken };
}

interface Run {
  readonly start: number;
  end: number;
  /** Which of the wanted rows lie in it. */
  readonly places: number[];
}

/** Ranges that hold all rows, without those far from any. */
function runsOf(rows: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (const place of Array.from(rows.keys()).sort((a, b) => (rows[a] as number) - (rows[b] as number))) {
    const row = rows[place] as number;
    const last = runs.at(-1);
    if (last === undefined || row > last.end + gapRows) runs.push({ start: row, end: row + 1, places: [place] });
    else {
      last.end = Math.max(last.end, row + 1);
      last.places.push(place);
    }
  }
  return runs;
}

/** Picked items as a column of their type again. */
function likeItems(cells: readonly Cell[], dtype: DType | "bytes"): Column {
  if (dtype === "string" || dtype === "bytes") return cells;
  const Elements = arrayTypeOf(dtype);
  const picked = new Elements(cells.length);
  for (let i = 0; i < cells.length; i++) picked[i] = cells[i] as number;
  return picked;
}

/**
 * Chooses the arrays that make up one table: those of the split where names end or begin with one (`x_train`, `t10k-images`), then those
 * with as many rows as the first. What does not fit is a fault.
 */
export function alignColumns(
  location: string,
  columns: readonly ArrayColumn[],
  faults: FaultLog,
  split: string | undefined,
): readonly ArrayColumn[] {
  const named = columns.map((column) => ({ column, ...splitOfName(column.name) }));
  const found = [...new Set(named.flatMap((entry) => entry.split ?? []))];
  const isSplit = found.length > 1 || split !== undefined || named.every((entry) => entry.split !== undefined);
  const splits = isSplit ? found : []; // one "test_score" among others is a name like any other
  const chosen = split ?? (splits.includes("train") ? "train" : splits[0]);
  if (split !== undefined && !splits.includes(split))
    throw new DataError(
      explain({
        api: "data",
        action: `read "${location}"`,
        received: `got split "${split}"`,
        rule: `there is ${splits.length === 0 ? "none" : splits.map((name) => `"${name}"`).join(", ")}`,
      }),
      { source: location },
    );
  const own = named.filter((entry) => splits.length === 0 || entry.split === undefined || entry.split === chosen);
  const lead =
    own.find((entry) => (splits.length === 0 || entry.split === chosen) && entry.column.shape.length > 0) ?? own[0];
  return own.flatMap((entry) => {
    const { column } = entry;
    const name = splits.length === 0 ? column.name : entry.name;
    if (column.shape.length > 0 && column.shape[0] === lead?.column.shape[0]) return { ...column, name };
    const detail = `"${column.name}" has the shape ${formatShape(column.shape)}, "${lead?.column.name}" has another number of rows`;
    faults.report({ code: "shape", source: column.source, detail });
    return [];
  });
}

/**
 * The column of each file of a source; of several, those that cannot be read are faults.
 *
 * @param entries - The files.
 * @param faults - Where faults go.
 * @param open - Opens the column of one; throws ReadError.
 */
export async function openColumns(
  entries: readonly StoreEntry[],
  faults: FaultLog,
  open: (entry: StoreEntry) => Promise<ArrayColumn>,
): Promise<ArrayColumn[]> {
  const columns: ArrayColumn[] = [];
  for (const entry of entries)
    try {
      columns.push(await open(entry));
    } catch (error) {
      if (entries.length === 1 || !(error instanceof ReadError)) throw error;
      faults.report(faultOf(error, entry.location, "syntax"), error);
    }
  return columns;
}

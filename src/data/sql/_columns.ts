/** Columns of tables as those of DuckDB, and back. */

import type { DuckDBAppender, DuckDBDataChunk, DuckDBType, DuckDBValue, DuckDBVector } from "@duckdb/node-api";
import { explain } from "../../base/errors.ts";
import type { TypedArray } from "../../tensor/dtype.ts";
import { columnFor, isTyped } from "../source/table-builder.ts";
import type { Cell, Column, ColumnType, Field, Schema, Table } from "../table.ts";
import type { DuckDB } from "./duckdb.ts";

/** Rows of one chunk of DuckDB. */
const chunkRows = 2048;

const sqlTypes: Readonly<Record<string, string>> = {
  int8: "TINYINT",
  int16: "SMALLINT",
  int32: "INTEGER",
  int64: "BIGINT",
  uint8: "UTINYINT",
  uint16: "USMALLINT",
  uint32: "UINTEGER",
  uint64: "UBIGINT",
  float32: "FLOAT",
  float64: "DOUBLE",
  bool: "BOOLEAN",
  string: "VARCHAR",
  bytes: "BLOB",
  image: "BLOB",
  timestamp: "TIMESTAMP_MS",
  json: "VARCHAR",
};

/** The SQL type of a field; undefined for those that SQL cannot hold. JSON is text to SQL. */
export function sqlTypeOf({ type }: Field): string | undefined {
  return sqlTypes[type];
}

/** Which type of ours a type of DuckDB is; anything else is read as text. */
const ownTypes: Readonly<Record<string, ColumnType>> = {
  ...Object.fromEntries(Object.entries(sqlTypes).map(([own, sql]) => [sql, own as ColumnType])),
  VARCHAR: "string",
  BLOB: "bytes",
  TIMESTAMP: "timestamp",
  TIMESTAMP_S: "timestamp",
  "TIMESTAMP WITH TIME ZONE": "timestamp",
  DATE: "timestamp",
  HUGEINT: "float64",
};

/** The fields of a result. Nothing is known of its nulls, so every column may have them. */
export function resultSchema(names: readonly string[], types: readonly DuckDBType[]): Schema {
  return names.map((name, i) => {
    const text = String(types[i]);
    const type = ownTypes[text] ?? (text.startsWith("DECIMAL") ? "float64" : "string");
    return { name, type, nullable: true };
  });
}

/** Appends rows of a table, chunk by chunk. `numbers` gives each row its number, in a last column. */
export function appendTable(
  duckdb: DuckDB,
  appender: DuckDBAppender,
  fields: Schema,
  types: readonly DuckDBType[],
  table: Table,
  numbers = false,
): void {
  for (let from = 0; from < table.numRows; from += chunkRows) {
    const count = Math.min(chunkRows, table.numRows - from);
    const chunk = duckdb.DuckDBDataChunk.create(types, count);
    for (const [i, field] of fields.entries())
      fill(duckdb, chunk, i, field, table.columns[field.name] as Column, from, count);
    if (numbers)
      fillItems(
        chunk.getColumnVector(fields.length),
        Int32Array.from({ length: count }, (_, i) => from + i),
      );
    appender.appendDataChunk(chunk);
  }
  appender.flushSync();
}

function fill(
  duckdb: DuckDB,
  chunk: DuckDBDataChunk,
  i: number,
  field: Field,
  column: Column,
  from: number,
  count: number,
): void {
  if (isTyped(field) && field.type !== "bool") {
    fillItems(chunk.getColumnVector(i), (column as TypedArray).subarray(from, from + count));
    return;
  }
  const cells = Array.from({ length: count }, (_, row) => valueOf(duckdb, field, column[from + row] as Cell));
  chunk.setColumnValues(i, cells);
}

/** Numbers without nulls go over as they are. */
function fillItems(vector: DuckDBVector, numbers: TypedArray): void {
  const target = vector as DuckDBVector & { readonly items: TypedArray };
  target.items.set(numbers as never);
  target.flush();
}

function valueOf(duckdb: DuckDB, { type }: Field, cell: Cell): DuckDBValue {
  if (cell === null || cell === undefined) return null;
  if (type === "bool") return Boolean(cell);
  if (type === "timestamp") return new duckdb.DuckDBTimestampMillisecondsValue(BigInt(Math.round(cell as number)));
  if (type === "json") return JSON.stringify(cell);
  return cell instanceof Uint8Array ? new duckdb.DuckDBBlobValue(cell) : (cell as DuckDBValue);
}

/** The columns of a chunk of a result. */
export function chunkTable(chunk: DuckDBDataChunk, fields: Schema): Table {
  const numRows = chunk.rowCount;
  const columns = fields.map((field, i): [string, Column] => {
    const column = columnFor(field, numRows) as Cell[];
    const vector = chunk.getColumnVector(i);
    for (let row = 0; row < numRows; row++) column[row] = cellOf(field, vector.getItem(row));
    return [field.name, column];
  });
  return { numRows, columns: Object.fromEntries(columns) };
}

interface Times {
  readonly micros?: bigint;
  readonly millis?: bigint;
  readonly seconds?: bigint;
  readonly days?: number;
}

function cellOf({ type }: Field, value: DuckDBValue): Cell {
  if (value === null || value === undefined) return null;
  switch (type) {
    case "timestamp": {
      const { micros, millis, seconds, days } = value as Times;
      if (micros !== undefined) return Number(micros) / 1000;
      if (millis !== undefined) return Number(millis);
      return seconds !== undefined ? Number(seconds) * 1000 : (days ?? 0) * 86_400_000;
    }
    case "float64":
      return typeof value === "number" ? value : Number(String(value));
    case "bytes":
      return (value as { readonly bytes: Uint8Array }).bytes;
    case "string":
      return String(value);
    default:
      return value as Cell;
  }
}

/** Fields that SQL can hold; `wanted` must all be such. */
export function sqlFields(schema: Schema, wanted?: ReadonlySet<string>): Schema {
  return schema.filter((field) => {
    const isWanted = wanted === undefined || wanted.has(field.name);
    if (isWanted && wanted !== undefined && sqlTypeOf(field) === undefined)
      throw new RangeError(
        explain({
          api: "sql",
          action: `use column "${field.name}"`,
          received: `it is of type ${field.type}`,
          rule: "SQL has no such type",
        }),
      );
    return isWanted && sqlTypeOf(field) !== undefined;
  });
}

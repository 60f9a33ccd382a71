/** Numbers of local Parquet files through DuckDB, where it is installed: some ten times as fast as in JavaScript. */

import type { TypedArray } from "../../tensor/dtype.ts";
import { Database, quotedName } from "../sql/duckdb.ts";
import type { Cell, Column, Field, Schema } from "../table.ts";
import { columnFor } from "./table-builder.ts";

/** Rows from which a query is worth its start. */
const enoughRows = 8192;

const numberTypes: ReadonlySet<string> = new Set(
  ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"], // no time, no text
);

/** Opens DuckDB at the first use; does nothing for good if it is not there. */
export class ParquetNumbers implements AsyncDisposable {
  #database: Promise<Database | undefined> | undefined;

  /**
   * Columns of rows of one file, as far as this way leads: those of numbers. Empty where another way has to be taken, which also finds out
   * what is wrong with the file.
   */
  async read(path: string, fields: Schema, start: number, end: number): Promise<ReadonlyMap<string, Column>> {
    const wanted = fields.filter(({ type }) => numberTypes.has(type));
    if (wanted.length === 0 || end - start < enoughRows) return new Map();
    this.#database ??= Database.open("files").catch(() => undefined);
    const database = await this.#database;
    if (database === undefined) return new Map();
    try {
      return await numbers(database, path, wanted, start, end);
    } catch {
      return new Map();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const database = await this.#database;
    this.#database = undefined;
    await database?.[Symbol.asyncDispose]();
  }
}

async function numbers(
  { connection }: Database,
  path: string,
  fields: Schema,
  start: number,
  end: number,
): Promise<ReadonlyMap<string, Column>> {
  // A column that says it has no nulls and has one ends the query.
  const columns = fields.map(({ name, nullable }) => {
    const column = quotedName(name);
    return nullable ? column : `CASE WHEN ${column} IS NULL THEN error('null') ELSE ${column} END`;
  });
  const file = `'${path.replaceAll("'", "''")}'`;
  const result = await connection.stream(
    `SELECT ${columns.join(", ")} FROM read_parquet([${file}], file_row_number = true, hive_partitioning = false)
     WHERE file_row_number >= ${start} AND file_row_number < ${end}`,
  );
  const filled = fields.map((field) => columnFor(field, end - start));
  let numRows = 0;
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    for (const [i, field] of fields.entries()) {
      const vector = chunk.getColumnVector(i) as { readonly items?: TypedArray; getItem(row: number): unknown };
      copy(field, vector, chunk.rowCount, filled[i] as TypedArray | Cell[], numRows);
    }
    numRows += chunk.rowCount;
  }
  if (numRows !== end - start) throw new RangeError(`${numRows} rows of ${end - start}`);
  return new Map(fields.map(({ name }, i) => [name, filled[i] as Column]));
}

function copy(
  field: Field,
  vector: { readonly items?: TypedArray; getItem(row: number): unknown },
  count: number,
  column: TypedArray | Cell[],
  at: number,
): void {
  if (Array.isArray(column)) {
    for (let row = 0; row < count; row++) {
      const cell = vector.getItem(row) as Cell;
      if (typeof cell === "object" && cell !== null)
        throw new TypeError(`column "${field.name}" holds no plain numbers`);
      column[at + row] = cell;
    }
  } else if (vector.items?.constructor === column.constructor) column.set(vector.items as never, at);
  else throw new TypeError(`column "${field.name}" holds other numbers`);
}

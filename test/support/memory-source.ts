/** A source of rows that are in memory. */

import { DataError } from "../../src/base/errors.ts";
import { FaultLog } from "../../src/data/fault.ts";
import type { ReadRowsOptions, Source } from "../../src/data/source/source.ts";
import type { Cell, Column, Schema, Table, TableSlice } from "../../src/data/table.ts";

/** Rows by number, made when they are read. */
export function memorySource(schema: Schema, numRows: number, row: (index: number) => Record<string, Cell>): Source {
  const table = (rows: readonly number[], columns: readonly string[] = schema.map(({ name }) => name)): Table => {
    const made = rows.map(row);
    const cells = columns.map((name): [string, Column] => [name, made.map((cells) => cells[name] as Cell)]);
    return { numRows: rows.length, columns: Object.fromEntries(cells) };
  };
  return {
    format: "memory",
    location: "memory",
    files: [],
    schema,
    numRows,
    sizeBytes: 0,
    fingerprint: `memory:${numRows}`,
    faults: new FaultLog(),
    async *read({
      columns,
      start = 0,
      end = numRows,
      batchRows = 1024,
    }: ReadRowsOptions = {}): AsyncGenerator<TableSlice> {
      for (let at = start; at < Math.min(end, numRows); at += batchRows) {
        const rows = Array.from({ length: Math.min(batchRows, end - at, numRows - at) }, (_, i) => at + i);
        yield { ...table(rows, columns), rows: Float64Array.from(rows) };
      }
    },
    take: async (rows, { columns } = {}) => {
      if (rows.some((index) => index >= numRows)) throw new DataError("memory: no such row");
      return table(rows, columns);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Rows `{ id }`, with `sizeBytes` of text that is a function of it. */
export function numberedSource(numRows: number, sizeBytes = 0): Source {
  return memorySource(
    [
      { name: "id", type: "int64", nullable: false },
      { name: "text", type: "string", nullable: false },
    ],
    numRows,
    (index) => ({ id: BigInt(index), text: String(index).padStart(sizeBytes, "x") }),
  );
}

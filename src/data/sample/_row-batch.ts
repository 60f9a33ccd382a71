/** Gathers single rows of tables into tables of their own. */

import type { TypedArray } from "../../tensor/dtype.ts";
import type { Cell, Column, Table } from "../table.ts";

/** Collects up to `capacity` rows, from tables of one schema. */
export class RowBatch {
  readonly capacity: number;
  #numRows = 0;
  #columns: Record<string, TypedArray | Cell[]> | undefined;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get isFull(): boolean {
    return this.#numRows === this.capacity;
  }

  get numRows(): number {
    return this.#numRows;
  }

  push(table: Table, index: number): void {
    this.#columns ??= Object.fromEntries(
      Object.keys(table.columns).map((name) => [name, this.#like(table.columns[name])]),
    );
    for (const name in this.#columns) {
      const column = this.#columns[name] as Cell[];
      column[this.#numRows] = (table.columns[name] as Column)[index] as Cell;
    }
    this.#numRows++;
  }

  #like(column: Column | undefined): TypedArray | Cell[] {
    return ArrayBuffer.isView(column)
      ? new (column.constructor as new (length: number) => TypedArray)(this.capacity)
      : [];
  }

  /** The rows so far; the batch is empty afterwards. */
  take(): Table {
    const numRows = this.#numRows;
    const columns = Object.entries(this.#columns ?? {}).map(([name, column]) => [
      name,
      ArrayBuffer.isView(column) ? column.subarray(0, numRows) : column,
    ]);
    this.#numRows = 0;
    this.#columns = undefined;
    return { numRows, columns: Object.fromEntries(columns) };
  }
}

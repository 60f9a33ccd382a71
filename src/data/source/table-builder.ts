/** Collects rows into the columns of a table. */

import { arrayTypeOf, type DType, type TypedArray } from "../../tensor/dtype.ts";
import type { Cell, Column, Field, TableSlice } from "../table.ts";

/** Types that are no dtype, and strings: their columns are plain arrays. */
const plainTypes: ReadonlySet<string> = new Set(["string", "bytes", "image", "tensor", "timestamp", "json"]);

/** Whether the column of a field is a typed array. */
export function isTyped(field: Field): boolean {
  return !field.nullable && !plainTypes.has(field.type);
}

/** An array that holds `length` cells of a field; `null`s where it is a plain one. */
export function columnFor(field: Field, length: number): TypedArray | Cell[] {
  return isTyped(field) ? new (arrayTypeOf(field.type as DType))(length) : new Array<Cell>(length).fill(null);
}

/** Add rows with `add`; `take` gives the table and begins the next. */
export class TableBuilder {
  readonly fields: readonly Field[];
  readonly capacity: number;
  #columns: (TypedArray | Cell[])[] = [];
  #rows: Float64Array = new Float64Array();
  numRows = 0;

  constructor(fields: readonly Field[], capacity: number) {
    this.fields = fields;
    this.capacity = capacity;
    this.#begin();
  }

  #begin(): void {
    this.#columns = this.fields.map((field) => columnFor(field, this.capacity));
    this.#rows = new Float64Array(this.capacity);
    this.numRows = 0;
  }

  /** Takes the cells of a row, in the order of the fields. There must be room. */
  add(row: number, cells: readonly unknown[]): void {
    const at = this.numRows++;
    this.#rows[at] = row;
    for (let i = 0; i < cells.length; i++) (this.#columns[i] as Cell[])[at] = cells[i] as Cell;
  }

  /** The rows so far. */
  take(): TableSlice {
    const { numRows } = this;
    const isFull = numRows === this.capacity;
    const cut = (column: TypedArray | Cell[]): Column => (isFull ? column : column.slice(0, numRows));
    const columns = Object.fromEntries(
      this.fields.map(({ name }, i) => [name, cut(this.#columns[i] as TypedArray | Cell[])]),
    );
    const slice = { numRows, columns, rows: isFull ? this.#rows : this.#rows.slice(0, numRows) };
    this.#begin();
    return slice;
  }
}

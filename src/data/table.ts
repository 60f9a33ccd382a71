/** Rows of a source, held by column, and what is known of the columns. */

import type { DType, TypedArray } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * What a column holds.
 *
 * Numbers are typed arrays. `"string"`, `"bytes"`, `"image"` (encoded bytes: JPEG, PNG, …), `"timestamp"` (milliseconds since 1970, a
 * `number`), `"json"` (lists, objects) and `"tensor"` are plain arrays of cells.
 */
export type ColumnType = DType | "bytes" | "image" | "tensor" | "timestamp" | "json";

/** One column of a {@link Schema}. */
export interface Field {
  readonly name: string;
  readonly type: ColumnType;
  /** Whether cells can be `null`; such a column is a plain array. */
  readonly nullable: boolean;
  /** Of a `"tensor"` column: type of the elements, and lengths of the axes, -1 where they vary. */
  readonly element?: DType;
  readonly shape?: Shape;
}

/** The columns of a source, in order. Names are unique. */
export type Schema = readonly Field[];

/** One value of a column that is no typed array. Bytes are a view that the caller may keep. */
export type Cell = null | boolean | number | bigint | string | Uint8Array | Tensor | readonly unknown[] | object;

/** The values of one column. */
export type Column = TypedArray | readonly Cell[];

/** Some rows of a source. */
export interface Table {
  readonly numRows: number;
  /** Values by column; each has `numRows`. */
  readonly columns: Readonly<Record<string, Column>>;
}

/** A {@link Table} together with where its rows stand in their source. */
export interface TableSlice extends Table {
  /** Row of the source that each row here is, counted from 0 over all files; ascending, with gaps where rows were quarantined. */
  readonly rows: Float64Array;
}

/** Row `index` of a table as an object. Convenient, and slow: loops go over columns. */
export function rowOf(table: Table, index: number): Record<string, Cell> {
  return Object.fromEntries(Object.entries(table.columns).map(([name, column]) => [name, column[index] as Cell]));
}

/** Some rows of a table. */

import type { Column, TableSlice } from "../table.ts";

/** The cells of a column at these indices, in this order; it keeps its type. */
export function pickCells(column: Column, indices: readonly number[]): Column {
  if (Array.isArray(column)) return indices.map((i) => column[i]);
  const source = column as Float64Array;
  const picked = new (source.constructor as Float64ArrayConstructor)(indices.length);
  for (let i = 0; i < indices.length; i++) picked[i] = source[indices[i] as number] as number;
  return picked;
}

/** The rows of a slice at these indices, in this order. */
export function pickRows(slice: TableSlice, indices: readonly number[]): TableSlice {
  const columns = Object.entries(slice.columns).map(([name, column]) => [name, pickCells(column, indices)] as const);
  return {
    numRows: indices.length,
    columns: Object.fromEntries(columns),
    rows: pickCells(slice.rows, indices) as Float64Array,
  };
}

/** Some rows of a table. */

import type { Column, TableSlice } from "../table.ts";

/** The rows of a slice at these indices, in this order; columns keep their type. */
export function pickRows(slice: TableSlice, indices: readonly number[]): TableSlice {
  const pick = (column: Column): Column => {
    if (Array.isArray(column)) return indices.map((i) => column[i]);
    const source = column as Float64Array;
    const picked = new (source.constructor as Float64ArrayConstructor)(indices.length);
    for (let i = 0; i < indices.length; i++) picked[i] = source[indices[i] as number] as number;
    return picked;
  };
  return {
    numRows: indices.length,
    columns: Object.fromEntries(Object.entries(slice.columns).map(([name, column]) => [name, pick(column)])),
    rows: pick(slice.rows) as Float64Array,
  };
}

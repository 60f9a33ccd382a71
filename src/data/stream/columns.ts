/** Columns of a table while they are filled, row by row. */

import { arrayTypeOf, type DType, type TypedArray } from "../../tensor/dtype.ts";
import { pickCells } from "../source/pick-rows.ts";
import type { Cell, Column, Field, Schema } from "../table.ts";

const plain: ReadonlySet<string> = new Set(["string", "bytes", "image", "tensor", "timestamp", "json"]);

/** Whether a column is a typed array: numbers that are never missing. */
export function isTyped(field: Field): boolean {
  return !field.nullable && !plain.has(field.type);
}

/** An array for `count` cells of a column. */
export function makeColumn(field: Field, count: number): TypedArray | Cell[] {
  return isTyped(field) ? new (arrayTypeOf(field.type as DType))(count) : new Array<Cell>(count).fill(null);
}

/** The fields that are wanted, in the order of the schema; a name that is not there is the caller's mistake. */
export function selectFields(schema: Schema, columns: readonly string[] | undefined): Schema {
  if (columns === undefined) return schema;
  const missing = columns.find((name) => !schema.some((field) => field.name === name));
  if (missing !== undefined)
    throw new RangeError(
      `read: cannot read column "${missing}": there are ${schema.map(({ name }) => `"${name}"`).join(", ")}, must be one of them`,
    );
  return schema.filter((field) => columns.includes(field.name));
}

/** The cells at `kept`, ascending, of a column that was filled with gaps. */
export function compact(column: TypedArray | Cell[], kept: readonly number[]): Column {
  return kept.length === column.length ? column : pickCells(column, kept);
}

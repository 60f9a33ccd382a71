/** Cells that are numbers or nulls, as arrays. */

import { DataError, explain } from "../../base/errors.ts";
import { arrayTypeOf, type DType, type TypedArray } from "../../tensor/dtype.ts";
import type { Cell, Column, Field } from "../table.ts";
import { columnError } from "./_frame.ts";

/** The error about a value that is not of its column's type. */
export function wrongCell(field: Field, index: number, value: Cell | undefined): DataError {
  return new DataError(
    explain({
      api: "encodeColumn",
      action: `compress column "${field.name}"`,
      received: `value ${index} is ${value === null ? "null" : typeof value}`,
      rule: `must be of type ${field.type}${field.nullable ? " or null" : ""}`,
    }),
  );
}

/** Numbers of a plain array as a typed one. */
export function typed(values: readonly Cell[], field: Field): TypedArray {
  const array = new (arrayTypeOf(field.type as DType))(values.length);
  const big = array instanceof BigInt64Array || array instanceof BigUint64Array;
  values.forEach((value, i) => {
    const fits = big
      ? typeof value === "bigint" || Number.isInteger(value)
      : typeof value === "number" || typeof value === "boolean";
    if (!fits) throw wrongCell(field, i, value);
    if (big) array[i] = BigInt(value as bigint);
    else array[i] = Number(value);
  });
  return array;
}

/** One bit for each value, 1 where there is one, and the values that there are. */
export function withoutNulls(
  values: readonly Cell[],
  field: Field,
): { readonly validity: Uint8Array; readonly present: Column; readonly booleans: boolean } {
  const validity = new Uint8Array(Math.ceil(values.length / 8));
  const present: Cell[] = [];
  values.forEach((value, i) => {
    if (value === null || value === undefined) return;
    validity[i >> 3] = (validity[i >> 3] as number) | (1 << (i & 7));
    present.push(value);
  });
  const plain = ["string", "bytes", "image", "tensor", "timestamp"].includes(field.type);
  const booleans = present.length > 0 && present.every((value) => typeof value === "boolean");
  return { validity, present: plain ? present : typed(present, field), booleans };
}

/** The inverse of {@link withoutNulls}. */
export function withNulls(
  validity: TypedArray,
  present: Column,
  header: { readonly count: number; readonly booleans: boolean },
): Column {
  const { count, booleans } = header;
  if (!(validity instanceof Uint8Array) || validity.length !== Math.ceil(count / 8))
    throw columnError(`${validity.length} bytes of validity`, `must be one bit for each of ${count} values`);
  let at = 0;
  const values = Array.from({ length: count }, (_, i): Cell => {
    if ((((validity[i >> 3] as number) >> (i & 7)) & 1) === 0) return null;
    const value = present[at++] as Cell;
    return booleans ? value === 1 : value;
  });
  if (at !== present.length) throw columnError(`${present.length} values`, `must be the ${at} that are not null`);
  return values;
}

/** Numbers of JSON and CSV as cells of an integer column. */

import { arrayTypeOf, type DType } from "../../tensor/dtype.ts";

/** What a number is in a column of this type; undefined unless it is a whole number that the type holds. */
export function integerCell(type: DType): (value: unknown) => unknown {
  const array = new (arrayTypeOf(type))(1);
  return (value) => {
    if (typeof value !== "number" || !Number.isSafeInteger(value)) return undefined;
    array[0] = (typeof array[0] === "bigint" ? BigInt(value) : value) as never;
    return Number(array[0]) === value ? array[0] : undefined;
  };
}

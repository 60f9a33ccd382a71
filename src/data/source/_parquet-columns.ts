/** What hyparquet decodes, as columns of a table. */

import type { DecodedArray, ParquetParsers } from "hyparquet";
import type { TypedArray } from "../../tensor/dtype.ts";
import type { Cell, Column, Field } from "../table.ts";
import { columnFor, isTyped } from "./table-builder.ts";

/** Stands for text that is no UTF-8, until its row is reported. */
export const badText: unique symbol = Symbol("no UTF-8");

const decoder = new TextDecoder();
const strict = new TextDecoder("utf-8", { fatal: true });

function textOf(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined;
  const text = decoder.decode(bytes);
  if (!text.includes("\ufffd")) return text;
  try {
    return strict.decode(bytes);
  } catch {
    return badText;
  }
}

/** Times in milliseconds since 1970, text that is checked. */
export const parquetParsers: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (millis) => Number(millis),
  timestampFromMicroseconds: (micros) => Number(micros) / 1e3,
  timestampFromNanoseconds: (nanos) => Number(nanos) / 1e6,
  dateFromDays: (days) => days * 86_400_000,
  stringFromBytes: textOf,
};

/** A nested value as JSON can say it: 64-bit integers are numbers, or digits where a number would round them. */
function jsonOf(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, jsonOf(inner)]));
}

/**
 * A column of a table from decoded values.
 *
 * @param field - What the column should be.
 * @param values - Decoded values; `null` or `undefined` where there is none.
 * @param isPacked - Whether cells are structs `{ bytes, path }` of which the bytes are wanted.
 * @param fail - Called with the index and the detail of a cell that does not fit; nothing is put there.
 */
export function parquetColumn(
  field: Field,
  values: DecodedArray,
  isPacked: boolean,
  fail: (index: number, code: "utf8" | "schema", detail: string) => void,
): Column {
  const target = columnFor(field, 0);
  // The usual case costs nothing.
  if (isTyped(field) && ArrayBuffer.isView(values) && values.constructor === target.constructor)
    return values as TypedArray;
  const column = columnFor(field, values.length);
  const isBigint = column instanceof BigInt64Array || column instanceof BigUint64Array;
  const convert = isBigint
    ? (value: unknown) => BigInt(value as number)
    : isTyped(field)
      ? Number
      : isPacked
        ? (value: unknown) => (value as { readonly bytes?: Uint8Array }).bytes ?? null
        : field.type === "json"
          ? jsonOf
          : undefined;
  for (let i = 0; i < values.length; i++) {
    const value: unknown = values[i];
    if (value === badText) fail(i, "utf8", `column "${field.name}" is no UTF-8`);
    else if (value !== null && value !== undefined)
      (column as Cell[])[i] = (convert === undefined ? value : convert(value)) as Cell;
    else if (!field.nullable) fail(i, "schema", `column "${field.name}" is null, against what the file says of itself`);
  }
  return column;
}

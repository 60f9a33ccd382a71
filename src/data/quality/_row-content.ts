/** What of a row is compared and hashed, as text. */

import type { Cell, Table } from "../table.ts";

/**
 * A row's cells as one text, the same for the same values: JSON with a form of its own for everything that JSON cannot say.
 *
 * @param table - Rows.
 * @param columns - Which columns, in order.
 * @param row - Which row.
 */
export function rowContent(table: Table, columns: readonly string[], row: number): string {
  return JSON.stringify(columns.map((name) => plain(table.columns[name]?.[row] as Cell)));
}

/** Tags are arrays that begin with a word no list of data begins with, as lists get a tag too. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return ["bigint", String(value)];
  if (typeof value === "number")
    return Number.isFinite(value) && !Object.is(value, -0) ? value : ["number", String(value)];
  if (value instanceof Uint8Array)
    return ["bytes", Buffer.from(value.buffer, value.byteOffset, value.length).toString("base64")];
  if (ArrayBuffer.isView(value))
    return ["array", value.constructor.name, [...(value as unknown as Iterable<unknown>)].map(plain)];
  if (Array.isArray(value)) return ["list", ...value.map(plain)];
  if (value instanceof Date) return ["date", value.getTime()];
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

/** Rows as lines of JSONL and CSV. */

import type { Cell, Field, Schema, Table } from "../table.ts";

/** Characters that are gathered before they are handed on. */
const pieceLength = 2 ** 18;

async function* pieces(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  let text = "";
  for await (const line of lines) {
    text += line;
    if (text.length < pieceLength) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (text !== "") yield Buffer.from(text);
}

/** What JSON cannot say of a cell: bytes become base64, 64-bit integers digits, NaN and infinities null. */
function jsonCell(field: Field, cell: Cell): unknown {
  if (cell === null || cell === undefined) return null;
  if (typeof cell === "bigint") return String(cell);
  if (cell instanceof Uint8Array) return Buffer.from(cell.buffer, cell.byteOffset, cell.length).toString("base64");
  if (field.type === "bool") return Boolean(cell);
  if (field.type === "timestamp") return new Date(cell as number).toISOString();
  return field.type === "tensor" ? tensorJson(cell) : cell;
}

function tensorJson(cell: Cell): unknown {
  const { shape, dtype, data } = cell as { shape: readonly number[]; dtype: string; data: ArrayLike<number | bigint> };
  return { dtype, shape, data: Array.from(data, (value) => (typeof value === "bigint" ? String(value) : value)) };
}

/** One object a line. */
export function jsonLines(schema: Schema, tables: AsyncIterable<Table>): AsyncIterable<Uint8Array> {
  async function* lines(): AsyncGenerator<string> {
    for await (const { numRows, columns } of tables)
      for (let row = 0; row < numRows; row++) {
        const object: Record<string, unknown> = {};
        for (const field of schema) object[field.name] = jsonCell(field, columns[field.name]?.[row] as Cell);
        yield `${JSON.stringify(object)}\n`;
      }
  }
  return pieces(lines());
}

/** A header and one row a line; nulls are empty cells. */
export function csvLines(schema: Schema, tables: AsyncIterable<Table>, delimiter: string): AsyncIterable<Uint8Array> {
  const quoted = (text: string): string =>
    text.includes('"') || text.includes(delimiter) || /[\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const textOf = (field: Field, cell: Cell): string => {
    const value =
      typeof cell === "number" && field.type !== "timestamp" && field.type !== "bool" ? cell : jsonCell(field, cell);
    if (value === null) return "";
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  };
  async function* lines(): AsyncGenerator<string> {
    yield `${schema.map(({ name }) => quoted(name)).join(delimiter)}\n`;
    for await (const { numRows, columns } of tables)
      for (let row = 0; row < numRows; row++) {
        const cells = schema.map((field) => quoted(textOf(field, columns[field.name]?.[row] as Cell)));
        // A row of one empty cell would be an empty line, which is no row.
        yield `${cells.length === 1 && cells[0] === "" ? '""' : cells.join(delimiter)}\n`;
      }
  }
  return pieces(lines());
}

/** Cells of strings and bytes as one run of bytes and the length of each. */

import { columnError } from "./_frame.ts";

/** What is stored of strings or bytes. */
export interface CellStreams {
  /** What `lengths` count and `bytes` hold: strings are counted in units of UTF-16, so that all are decoded at once and then cut. */
  readonly unit: "utf8" | "utf16" | "bytes";
  readonly lengths: Uint32Array;
  readonly bytes: Uint8Array;
}

/** Strings as UTF-8, or, where one holds half a pair of surrogates, as UTF-16. */
export function textOfCells(cells: readonly string[]): CellStreams {
  const lengths = Uint32Array.from(cells, ({ length }) => length);
  const text = cells.join("");
  if (text.isWellFormed()) return { unit: "utf8", lengths, bytes: new TextEncoder().encode(text) };
  const units = Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  return { unit: "utf16", lengths, bytes: new Uint8Array(units.buffer) };
}

/** The inverse of {@link textOfCells}. */
export function cellsOfText(bytes: Uint8Array, lengths: Uint32Array, unit: "utf8" | "utf16"): string[] {
  let text = "";
  if (unit === "utf8") {
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch (cause) {
      throw columnError("bytes that are no UTF-8", "must be what encodeColumn writes", cause);
    }
  } else {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let i = 0; i + 1 < bytes.length; i += 2) text += String.fromCharCode(view.getUint16(i, true));
  }
  let at = 0;
  const cells = Array.from(lengths, (length) => {
    at += length;
    return text.slice(at - length, at);
  });
  if (at !== text.length) throw columnError(`${text.length} units of text`, `the lengths sum to ${at}`);
  return cells;
}

/** Cells of bytes, joined. */
export function bytesOfCells(cells: readonly Uint8Array[]): CellStreams {
  const lengths = Uint32Array.from(cells, ({ length }) => length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const cell of cells) {
    bytes.set(cell, at);
    at += cell.length;
  }
  return { unit: "bytes", lengths, bytes };
}

/** The inverse of {@link bytesOfCells}; the cells are views. */
export function cellsOfBytes(bytes: Uint8Array, lengths: Uint32Array): Uint8Array[] {
  let at = 0;
  const cells = Array.from(lengths, (length) => {
    at += length;
    return bytes.subarray(at - length, at);
  });
  if (at !== bytes.length) throw columnError(`${bytes.length} bytes`, `the lengths sum to ${at}`);
  return cells;
}

/** Each value once, in the order of first appearance, and for each cell which one it is. */
export function dictionaryOf<Value extends string | Uint8Array>(
  cells: readonly Value[],
): { readonly codes: Uint32Array; readonly unique: readonly Value[] } {
  const numbers = new Map<string, number>();
  const unique: Value[] = [];
  const codes = Uint32Array.from(cells, (cell) => {
    const key = typeof cell === "string" ? cell : keyOf(cell);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, unique.length);
    return unique.push(cell) - 1;
  });
  return { codes, unique };
}

/** Bytes as a string of as many units. */
function keyOf(bytes: Uint8Array): string {
  let key = "";
  for (let i = 0; i < bytes.length; i += 4096) key += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return key;
}

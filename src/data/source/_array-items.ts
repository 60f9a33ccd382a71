/** What the items of a stored array are, and how bytes become them. */

import { arrayTypeOf, type DType, type TypedArray } from "../../tensor/dtype.ts";
import type { Column } from "../table.ts";

/** The type of the items. Strings are UTF-32 of a fixed length, as NumPy stores them; `"bytes"` have a fixed length too. */
export interface ItemType {
  readonly dtype: DType | "bytes";
  /** Bytes of an item. */
  readonly sizeBytes: number;
  readonly isBigEndian: boolean;
}

/** Reverses the bytes of each element, in place. */
function swapBytes(bytes: Uint8Array, width: number): void {
  const whole = bytes.length - (bytes.length % width);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, whole);
  if (width === 2) buffer.swap16();
  if (width === 4) buffer.swap32();
  if (width === 8) buffer.swap64();
}

/** Numbers out of bytes, which are used up: the result may lie in their memory. */
export function elementsOf(bytes: Uint8Array<ArrayBuffer>, dtype: DType, isBigEndian: boolean): TypedArray {
  const Elements = arrayTypeOf(dtype);
  const width = Elements.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  if (isBigEndian) swapBytes(aligned, width);
  return new Elements(aligned.buffer, aligned.byteOffset, Math.floor(aligned.length / width));
}

/** The bytes of numbers, in this order of bytes. */
export function bytesOf(data: TypedArray, isBigEndian = false): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(data.byteLength);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  if (isBigEndian) swapBytes(bytes, data.BYTES_PER_ELEMENT);
  return bytes;
}

/** A string of UTF-32 code units up to the zeros that fill it. What is no code point becomes U+FFFD. */
function stringOf(units: TypedArray): string {
  let end = units.length;
  while (end > 0 && units[end - 1] === 0) end--;
  let text = "";
  for (let i = 0; i < end; i++) {
    const unit = Number(units[i]);
    text += String.fromCodePoint(unit > 0x10ffff ? 0xfffd : unit);
  }
  return text;
}

/** Items out of bytes, which are used up. */
export function itemsOf(bytes: Uint8Array<ArrayBuffer>, { dtype, sizeBytes, isBigEndian }: ItemType): Column {
  if (dtype !== "string" && dtype !== "bytes") return elementsOf(bytes, dtype, isBigEndian);
  const count = sizeBytes === 0 ? 0 : Math.floor(bytes.length / sizeBytes);
  return Array.from({ length: count }, (_, i) => {
    const item = bytes.slice(i * sizeBytes, (i + 1) * sizeBytes);
    if (dtype === "string") return stringOf(elementsOf(item, "uint32", isBigEndian));
    return item.subarray(0, item.findLastIndex((byte) => byte !== 0) + 1);
  });
}

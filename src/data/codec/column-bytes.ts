/** What columns would take uncompressed. */

import type { TypedArray } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Cell, Column, Field } from "../table.ts";

/** Bytes of a column as they are in memory: elements, UTF-8, lengths of 4 bytes; at least 1. */
export function columnBytes(values: Column, field: Field): number {
  if (ArrayBuffer.isView(values)) return Math.max(1, (values as TypedArray).byteLength);
  return Math.max(
    1,
    (values as readonly Cell[]).reduce((sum: number, value) => sum + cellBytes(value, field), 0),
  );
}

function cellBytes(value: Cell, field: Field): number {
  if (typeof value === "string") return 4 + utf8Length(value);
  if (value instanceof Uint8Array) return 4 + value.length;
  if (field.type === "tensor" && value !== null)
    return (value as Tensor & { readonly data: TypedArray }).data.byteLength;
  if (field.type === "json") return 4 + JSON.stringify(value ?? null).length;
  return numberBytes[field.type] ?? 4;
}

const numberBytes: Readonly<Record<string, number>> = {
  timestamp: 8,
  float64: 8,
  int64: 8,
  uint64: 8,
  int16: 2,
  uint16: 2,
  float16: 2,
  bfloat16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7ff) length += unit >= 0xd800 && unit < 0xe000 ? 1 : 2;
    else if (unit > 0x7f) length += 1;
  }
  return length;
}

/** Rows as a Parquet file, one row group at a time. */

import { zstdCompressSync } from "node:zlib";
import type { DecodedArray, SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { explain } from "../../base/errors.ts";
import type { Cell, Column, Field, Schema, Table } from "../table.ts";

/** A row group ends when its columns hold this many bytes. */
const mostGroupBytes = 2 ** 26;

const integerTypes: Readonly<Record<string, Partial<SchemaElement>>> = {
  int8: { type: "INT32", converted_type: "INT_8" },
  int16: { type: "INT32", converted_type: "INT_16" },
  int32: { type: "INT32" },
  int64: { type: "INT64" },
  uint8: { type: "INT32", converted_type: "UINT_8" },
  uint16: { type: "INT32", converted_type: "UINT_16" },
  uint32: { type: "INT32", converted_type: "UINT_32" },
  uint64: { type: "INT64", converted_type: "UINT_64" },
};

const otherTypes: Readonly<Record<string, Partial<SchemaElement>>> = {
  ...integerTypes,
  bool: { type: "BOOLEAN" },
  float16: { type: "FLOAT" },
  bfloat16: { type: "FLOAT" },
  float32: { type: "FLOAT" },
  float64: { type: "DOUBLE" },
  string: { type: "BYTE_ARRAY", converted_type: "UTF8" },
  bytes: { type: "BYTE_ARRAY" },
  timestamp: { type: "INT64", converted_type: "TIMESTAMP_MILLIS" },
  json: { type: "BYTE_ARRAY", converted_type: "JSON" },
  tensor: { type: "BYTE_ARRAY", converted_type: "JSON" },
};

/** What the library of Hugging Face calls types, so that it finds images as images. */
function featureOf({ type }: Field): object {
  if (type === "image") return { _type: "Image" };
  if (type === "timestamp") return { _type: "Value", dtype: "timestamp[ms]" };
  const dtype = type === "bytes" ? "binary" : type === "float16" || type === "bfloat16" ? "float32" : type;
  return { _type: "Value", dtype: type === "json" || type === "tensor" ? "string" : dtype };
}

function elementsOf(field: Field): SchemaElement[] {
  const { name, type, nullable } = field;
  const repetition_type = nullable ? "OPTIONAL" : "REQUIRED";
  // As Hugging Face writes images.
  if (type === "image")
    return [
      { name, repetition_type, num_children: 2 },
      { name: "bytes", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
      { name: "path", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
    ];
  const element = otherTypes[type];
  if (element !== undefined) return [{ name, repetition_type, ...element }];
  throw new RangeError(
    explain({
      api: "writeTable",
      action: `write column "${name}"`,
      received: `it is of type ${type}`,
      rule: "Parquet has no such type",
    }),
  );
}

const halves = new DataView(new ArrayBuffer(4));

/** Bits of a 16-bit float as a number. */
function wide(bits: number, type: string): number {
  if (type === "bfloat16") halves.setUint32(0, bits << 16);
  else halves.setUint16(0, bits);
  return type === "bfloat16" ? halves.getFloat32(0) : halves.getFloat16(0);
}

/** Cells as the writer wants them. */
function cellsOf({ type }: Field, column: Column): DecodedArray {
  switch (type) {
    case "bool":
      return Array.from(column as readonly Cell[], (cell) => (cell === null ? null : Boolean(cell)));
    case "float16":
    case "bfloat16":
      return Array.from(column as readonly Cell[], (cell) => (cell === null ? null : wide(cell as number, type)));
    case "int8":
    case "int16":
    case "uint8":
    case "uint16":
      return Array.isArray(column) ? column : Int32Array.from(column as Int8Array);
    case "uint32": // typed arrays would be taken for signed
    case "uint64":
      return Array.from(column as readonly Cell[]);
    case "timestamp":
      return Array.from(column as readonly Cell[], (cell) =>
        cell === null ? null : BigInt(Math.round(cell as number)),
      );
    case "image":
      return Array.from(column as readonly Cell[], (cell) => (cell === null ? null : { bytes: cell, path: null }));
    case "tensor":
      return Array.from(column as readonly Cell[], tensorJson);
    default:
      return column as DecodedArray;
  }
}

function tensorJson(cell: Cell): unknown {
  if (cell === null) return null;
  const { dtype, shape, data } = cell as { dtype: string; shape: readonly number[]; data: ArrayLike<number | bigint> };
  return { dtype, shape, data: Array.from(data, (value) => (typeof value === "bigint" ? String(value) : value)) };
}

/** About how many bytes a column holds. */
function sizeOf(column: Column): number {
  if (ArrayBuffer.isView(column)) return column.byteLength;
  let size = 0;
  for (const cell of column)
    size +=
      typeof cell === "string"
        ? cell.length
        : ArrayBuffer.isView(cell)
          ? cell.byteLength
          : typeof cell === "object"
            ? 64
            : 8;
  return size;
}

/** The bytes of a Parquet file: row groups of whole tables, packed with Zstandard. */
export async function* parquetBytes(
  schema: Schema,
  tables: AsyncIterable<Table>,
  rowGroupRows: number,
): AsyncGenerator<Uint8Array> {
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [{ name: "root", num_children: schema.length }, ...schema.flatMap(elementsOf)],
    codec: "ZSTD",
    compressors: { ZSTD: (input) => zstdCompressSync(input) },
    kvMetadata: [
      {
        key: "huggingface",
        value: JSON.stringify({
          info: { features: Object.fromEntries(schema.map((field) => [field.name, featureOf(field)])) },
        }),
      },
    ],
    createdBy: "cameo",
  });
  const taken = (): Uint8Array => {
    const piece = bytes.getBytes().slice();
    bytes.index = 0;
    return piece;
  };
  let held: Table[] = [];
  let numRows = 0;
  let heldBytes = 0;
  const flush = (): Uint8Array => {
    const columnData = schema.map((field) => ({
      name: field.name,
      data: joined(held.map(({ columns }) => cellsOf(field, columns[field.name] as Column))),
    }));
    void writer.write({ columnData, rowGroupSize: Math.max(1, numRows) });
    [held, numRows, heldBytes] = [[], 0, 0];
    return taken();
  };
  for await (const table of tables) {
    if (table.numRows === 0) continue;
    held.push(table);
    numRows += table.numRows;
    for (const { name } of schema) heldBytes += sizeOf(table.columns[name] as Column);
    if (numRows >= rowGroupRows || heldBytes >= mostGroupBytes) yield flush();
  }
  if (numRows > 0) yield flush();
  void writer.finish();
  yield taken();
}

/** One column of several; the pieces are of one kind. */
function joined(pieces: readonly DecodedArray[]): DecodedArray {
  const [first] = pieces;
  if (pieces.length === 1 || first === undefined) return first ?? [];
  if (Array.isArray(first)) return (pieces as unknown[][]).flat(1);
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const whole = new (first.constructor as Float64ArrayConstructor)(length);
  let at = 0;
  for (const piece of pieces as Float64Array[]) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

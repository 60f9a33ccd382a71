/** Shards as WebDataset reads them: a file for each field of a sample. */

import type { TypedArray } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type WebdatasetIndex, webdatasetIndexName } from "../source/webdataset.ts";
import type { Cell, Field, Schema } from "../table.ts";
import type { ShardFormat } from "./_shard-writer.ts";
import { concatBytes } from "./concat-bytes.ts";
import { tarField } from "./tar-field.ts";
import { splitName } from "./tar-index.ts";
import { keyColumn } from "./tar-layout.ts";
import { encodeTar, type TarEntry, tarEndBytes } from "./tar-writer.ts";

/**
 * The format for rows of a schema. A column whose name is an extension of its type keeps it (`jpg`, `cls`, `txt`); others get one
 * (`caption` becomes `caption.txt`). A null is a file that is not there.
 *
 * @param schema - Columns of the source.
 * @param first - Cells of its first row.
 * @throws TypeError if a column's name cannot be a part of a file's name.
 */
export function webdatasetFormat(schema: Schema, first: readonly Cell[]): ShardFormat {
  const keyAt = schema.findIndex(({ name }) => name === keyColumn);
  const columns = schema
    .map((field, position) => ({ position, field, name: fieldName(field, first[position]) }))
    .filter(({ position }) => position !== keyAt);
  const nullable = columns.map(() => false);
  return {
    indexName: webdatasetIndexName,
    overheadBytes: tarEndBytes,
    sampleOverheadBytes: 0,
    shardName: (number) => `shard-${String(number).padStart(6, "0")}.tar`,
    encodeSample: (cells, row) => {
      const key = keyAt === -1 ? String(row).padStart(9, "0") : String(cells[keyAt]);
      if (splitName(`${key}.x`)?.key !== key || /^__/.test(key) || key.split("/").includes(".."))
        throw new TypeError(`the key is ${JSON.stringify(key)}, which no sample of WebDataset can have`);
      const entries = columns.flatMap(({ position, field, name }, i): TarEntry[] => {
        const cell = cells[position] as Cell;
        if (cell === null) nullable[i] = true;
        return cell === null ? [] : [{ name: `${key}.${name}`, content: contentOf(field, cell) }];
      });
      if (entries.length === 0) throw new TypeError("every column is null, so there is no file to write");
      return encodeTar(entries).subarray(0, -tarEndBytes);
    },
    encodeShard: (samples) => concatBytes([...samples, new Uint8Array(tarEndBytes)]),
    encodeIndex: (shards) => {
      const index: WebdatasetIndex = {
        version: 1,
        format: "webdataset",
        // A column that may be null is told as such: a resumed run has not seen the cells of before.
        columns: columns.map(({ name, field }, i) => ({ name, nullable: field.nullable || nullable[i] === true })),
        shards: shards.map(({ name, samples, sizeBytes, sha256 }) => ({ name, samples, bytes: sizeBytes, sha256 })),
      };
      return JSON.stringify(index);
    },
  };
}

/** What follows the key in the file's name. */
function fieldName({ name, type }: Field, first: Cell | undefined): string {
  if (name !== keyColumn && (!/^[^/\\\0]+$/.test(name) || name.startsWith(".")))
    throw new TypeError(`column ${JSON.stringify(name)} has a name that no file can have`);
  const wanted = type === "timestamp" ? "int64" : type;
  const lower = name.toLowerCase();
  // Python decodes an image by the name of its format: a column "image" needs one.
  const saysNothing = wanted === "bytes" ? !lower.includes(".") : /^(image|img)$/.test(lower);
  if (tarField(lower).type === wanted && !saysNothing) return lower;
  return `${lower}.${extensionOf(type, first)}`;
}

function extensionOf(type: Field["type"], first: Cell | undefined): string {
  if (type === "string") return "txt";
  if (type === "bytes") return "bin";
  if (type === "tensor") return "npy";
  if (type === "image") return first instanceof Uint8Array && first[0] === 0x89 ? "png" : "jpg";
  return /^u?int|^timestamp/.test(type) ? "cls" : "json";
}

const toUtf8 = new TextEncoder();

function contentOf({ type }: Field, cell: Cell): Uint8Array {
  if (cell instanceof Uint8Array) return cell;
  if (type === "string") return toUtf8.encode(String(cell));
  if (type === "tensor") return encodeNpy(cell as Tensor);
  if (/^u?int|^timestamp/.test(type)) return toUtf8.encode(String(cell));
  return toUtf8.encode(JSON.stringify(cell, (_, part) => (typeof part === "bigint" ? Number(part) : part)));
}

const npyKinds: Readonly<Partial<Record<Tensor["dtype"], string>>> = {
  float16: "<f2",
  float32: "<f4",
  float64: "<f8",
  int8: "|i1",
  int16: "<i2",
  int32: "<i4",
  int64: "<i8",
  uint8: "|u1",
  uint16: "<u2",
  uint32: "<u4",
  uint64: "<u8",
  bool: "|b1",
};

/**
 * An array as `.npy`.
 *
 * @source NumPy, "NEP 1: A Simple File Format for NumPy Arrays", version 1.0.
 */
function encodeNpy({ dtype, shape, data }: Tensor): Uint8Array {
  const kind = npyKinds[dtype];
  if (kind === undefined) throw new TypeError(`an array of ${dtype}, which NumPy does not have`);
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${kind}', 'fortran_order': False, 'shape': (${axes}), }`;
  const headerBytes = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const head = Buffer.from(`\x93NUMPY\x01\x00  ${text.padEnd(headerBytes - 1)}\n`, "latin1");
  head.writeUInt16LE(headerBytes, 8);
  const { buffer, byteOffset, byteLength } = data as TypedArray;
  return concatBytes([head, new Uint8Array(buffer, byteOffset, byteLength)]);
}

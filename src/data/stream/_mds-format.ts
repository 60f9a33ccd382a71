/** Shards as MosaicML's library writes and reads them. */

import type { Cell, Field, Schema } from "../table.ts";
import type { ShardFormat, WrittenShard } from "./_shard-writer.ts";
import { type MdsEncoding, mdsEncoding } from "./mds-encoding.ts";
import { encodeMdsSample, encodeMdsShard } from "./mds-shard.ts";

/** What MosaicML's reader looks for. */
export const mdsIndexName = "index.json";

/**
 * The format for rows of a schema. Images keep their bytes: Python opens those of a column whose first is a JPEG or a PNG as images.
 *
 * @param schema - Columns of the source.
 * @param first - Cells of its first row.
 * @param shardBytes - Most bytes of a shard.
 * @param compression - `"zstd"`, `"gz:6"`; null for none.
 * @throws TypeError if a column has a type that MDS does not have.
 */
export function mdsFormat(
  schema: Schema,
  first: readonly Cell[],
  shardBytes: number,
  compression: string | null,
): ShardFormat {
  const columns = schema
    .map(({ name }, position) => ({ name, position, encoding: encodingOf(schema[position] as Field, first[position]) }))
    // As Python's library does, which sorts by code point.
    .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  const fixed = columns.map(({ encoding }) => encoding.sizeBytes !== null);
  const config = {
    column_encodings: columns.map(({ encoding }) => encoding.name),
    column_names: columns.map(({ name }) => name),
    column_sizes: columns.map(({ encoding }) => encoding.sizeBytes),
    compression,
    format: "mds",
    hashes: ["sha256"],
    size_limit: shardBytes,
    version: 2,
  };
  const configText = JSON.stringify(config);
  return {
    indexName: mdsIndexName,
    overheadBytes: 8 + Buffer.byteLength(configText),
    sampleOverheadBytes: 4,
    shardName: (number) => `shard.${String(number).padStart(5, "0")}.mds`,
    encodeSample: (cells) =>
      encodeMdsSample(
        columns.map(({ name, position, encoding }) => encode(encoding, name, cells[position] as Cell)),
        fixed,
      ),
    encodeShard: (samples) => encodeMdsShard(samples, configText),
    encodeIndex: (shards) =>
      JSON.stringify({ shards: shards.map((shard) => ({ ...config, ...fileInfo(shard, compression) })), version: 2 }),
  };
}

function fileInfo({ name, samples, sizeBytes, sha256, raw }: WrittenShard, compression: string | null): object {
  const info = (basename: string, bytes: number, digest: string): object => ({
    basename,
    bytes,
    hashes: { sha256: digest },
  });
  return {
    samples,
    raw_data: info(raw.name, raw.sizeBytes, raw.sha256),
    zip_data: compression === null ? null : info(name, sizeBytes, sha256),
  };
}

function encode(encoding: MdsEncoding, name: string, cell: Cell): Uint8Array {
  if (cell === null) throw new TypeError(`column "${name}" is null, which MDS has no way to write`);
  try {
    return encoding.encode(typeof cell === "boolean" ? Number(cell) : cell);
  } catch (cause) {
    throw new TypeError(`column "${name}": ${(cause as Error).message}`, { cause });
  }
}

/** How a column is written. */
function encodingOf(field: Field, first: Cell | undefined): MdsEncoding {
  const { name, type, element, shape } = field;
  if (type === "string") return mdsEncoding("str");
  if (type === "bytes" || type === "json") return mdsEncoding(type);
  if (type === "image") return mdsEncoding(first instanceof Uint8Array ? (imageKind(first) ?? "bytes") : "bytes");
  if (type === "timestamp") return mdsEncoding("int");
  if (type === "bool") return mdsEncoding("uint8");
  const isFixed = shape !== undefined && shape.length > 0 && shape.every((length) => length > 0);
  const dtype = element === "bool" ? "uint8" : element;
  try {
    if (type !== "tensor") return mdsEncoding(type);
    return mdsEncoding(dtype === undefined ? "ndarray" : `ndarray:${dtype}${isFixed ? `:${shape.join(",")}` : ""}`);
  } catch (cause) {
    throw new TypeError(`column "${name}" is ${element ?? type}, which MDS does not have`, { cause });
  }
}

function imageKind(bytes: Uint8Array): "jpeg" | "png" | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return "jpeg";
  return bytes[0] === 0x89 && bytes[1] === 0x50 ? "png" : undefined;
}

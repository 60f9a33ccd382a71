/** How an array will lie in chunks and shards, and the metadata that says so. */

import { explain } from "../../base/errors.ts";
import { arrayTypeOf, type DType } from "../../tensor/dtype.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { BytesCodec } from "./_zarr-codecs.ts";
import type { WriteZarrOptions } from "./zarr-writer.ts";

/** Bytes of a chunk, unless the options say otherwise. */
const chunkBytes = 2 ** 20;

const dtypes: readonly DType[] = [
  ...(["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"] as const),
  ...(["float16", "float32", "float64", "complex64", "complex128"] as const),
];

/** What is fixed once the first rows are known. */
export interface Plan {
  readonly dtype: DType;
  /** Axes of a row. */
  readonly row: Shape;
  /** Elements of an item. */
  readonly width: number;
  readonly chunkShape: Shape;
  /** Of an object: a shard, or a chunk. */
  readonly objectShape: Shape;
  readonly compressors: readonly BytesCodec[];
  readonly isSharded: boolean;
}

/** An array that cannot be written. */
export function wrong(received: string, rule: string): RangeError {
  return new RangeError(explain({ api: "writeZarr", action: "write an array", received, rule }));
}

/** The plan for an array whose first rows are these. Throws RangeError. */
export function planOf({ dtype, shape }: Tensor, options: WriteZarrOptions): Plan {
  if (!dtypes.includes(dtype)) throw wrong(`got ${dtype}`, `must be one of ${dtypes.join(", ")}`);
  if (shape.length === 0) throw wrong("got a scalar", "needs at least one axis");
  const row = shape.slice(1);
  const width = dtype.startsWith("complex") ? 2 : 1;
  const itemBytes = arrayTypeOf(dtype).BYTES_PER_ELEMENT * width;
  const rows = Math.max(1, Math.floor(chunkBytes / Math.max(1, sizeOf(row) * itemBytes)));
  const chunkShape = options.chunkShape ?? [rows, ...row.map((length) => Math.max(1, length))];
  const objectShape = options.shardShape ?? chunkShape;
  const isGrid =
    chunkShape.length === shape.length && chunkShape.every((length) => Number.isInteger(length) && length > 0);
  if (!isGrid) throw wrong(`got chunks of ${formatShape(chunkShape)}`, `must be ${shape.length} positive integers`);
  const isWhole = objectShape.every((length, axis) => length > 0 && length % (chunkShape[axis] as number) === 0);
  if (!isWhole || objectShape.length !== shape.length)
    throw wrong(
      `got shards of ${formatShape(objectShape)}`,
      `must be multiples of the chunks ${formatShape(chunkShape)}`,
    );
  const compressors = compressorsOf(options, itemBytes / width);
  return { dtype, row, width, chunkShape, objectShape, compressors, isSharded: options.shardShape !== undefined };
}

function compressorsOf(
  { compression = { codec: "blosc" }, checksum = true }: WriteZarrOptions,
  typesize: number,
): BytesCodec[] {
  const { codec, level = 1, coder = "zstd", shuffle = typesize === 1 ? "none" : "byte" } = compression;
  const names = { none: "noshuffle", byte: "shuffle", bit: "bitshuffle" } as const;
  const packing: readonly BytesCodec[] =
    codec === "none"
      ? []
      : codec === "gzip"
        ? [{ name: codec, level }]
        : codec === "zstd"
          ? [{ name: codec, level, checksum: false }]
          : [{ name: codec, cname: coder, clevel: level, shuffle: names[shuffle], typesize }];
  return checksum ? [...packing, { name: "crc32c" }] : [...packing];
}

/** A codec as `zarr.json` has it. */
function codecJson({ name, ...configuration }: BytesCodec): object {
  if (name === "crc32c") return { name };
  return { name, configuration: name === "blosc" ? { ...configuration, blocksize: 0 } : configuration };
}

/** `zarr.json`. */
export function metadataJson(
  plan: Plan,
  numRows: number,
  { dimensionNames, attributes = {} }: WriteZarrOptions,
): object {
  const { dtype, row, chunkShape, objectShape, compressors, isSharded, width } = plan;
  const bytes = { name: "bytes", configuration: { endian: "little" } };
  const codecs = [bytes, ...compressors.map(codecJson)];
  const sharding = {
    name: "sharding_indexed",
    configuration: {
      chunk_shape: chunkShape,
      codecs,
      index_codecs: [bytes, { name: "crc32c" }],
      index_location: "end",
    },
  };
  return {
    zarr_format: 3,
    node_type: "array",
    shape: [numRows, ...row],
    data_type: dtype,
    chunk_grid: { name: "regular", configuration: { chunk_shape: objectShape } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: dtype === "bool" ? false : width === 2 ? [0, 0] : 0,
    codecs: isSharded ? [sharding] : codecs,
    ...(dimensionNames === undefined ? {} : { dimension_names: dimensionNames }),
    attributes,
  };
}

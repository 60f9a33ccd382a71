/** The metadata of Zarr arrays, versions 2 and 3, as one thing. */

import { z } from "zod";
import { arrayTypeOf, type DType, type TypedArray } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { ReadError } from "../store/read-error.ts";
import { checked, lengths, named, type Pipeline, pipelineOf, positive, unsupported } from "./_zarr-pipeline.ts";

/** What is known of an array. */
export interface ZarrMetadata {
  readonly version: 2 | 3;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly chunkShape: Shape;
  /** One item. */
  readonly fill: TypedArray;
  readonly pipeline: Pipeline;
  readonly dimensionNames: readonly (string | null)[] | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Where a chunk is, below the array. */
  keyOf(chunk: Shape): string;
}

/** Most bytes of a decoded chunk. */
const mostChunkBytes = 2 ** 30;

const arrayV3 = z.looseObject({
  zarr_format: z.literal(3),
  node_type: z.literal("array"),
  shape: lengths,
  data_type: z.unknown(),
  chunk_grid: z.object({ name: z.literal("regular"), configuration: z.object({ chunk_shape: positive }) }),
  chunk_key_encoding: z.union([z.enum(["default", "v2"]), named]),
  fill_value: z.unknown(),
  codecs: z.array(z.unknown()).min(1).max(16),
  dimension_names: z.array(z.string().nullable()).nullish(),
  attributes: z.record(z.string(), z.unknown()).optional(),
  storage_transformers: z.array(z.never()).optional(),
});

const arrayV2 = z.looseObject({
  zarr_format: z.literal(2),
  shape: lengths,
  chunks: positive,
  dtype: z.string(),
  fill_value: z.unknown(),
  order: z.enum(["C", "F"]),
  compressor: z.looseObject({ id: z.string() }).nullable(),
  filters: z.array(z.looseObject({ id: z.string() })).nullish(),
  dimension_separator: z.enum([".", "/"]).optional(),
});

const plainTypes: readonly DType[] = [
  ...(["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"] as const),
  ...(["float16", "float32", "float64", "complex64", "complex128", "bfloat16"] as const),
];

/** Metadata out of `zarr.json`. Throws ReadError. */
export function metadataV3(json: unknown, source: string): ZarrMetadata {
  const array = checked(arrayV3, json, source);
  const dtype = plainTypes.find((name) => name === array.data_type);
  if (dtype === undefined)
    throw unsupported(source, `data type ${JSON.stringify(array.data_type)?.slice(0, 60)}`, "must be a plain number");
  const encoding =
    typeof array.chunk_key_encoding === "string" ? { name: array.chunk_key_encoding } : array.chunk_key_encoding;
  const isDefault = encoding.name === "default";
  if (!isDefault && encoding.name !== "v2")
    throw unsupported(source, `chunk key encoding "${encoding.name}"`, 'must be "default" or "v2"');
  const configuration = "configuration" in encoding ? (encoding.configuration as Record<string, unknown>) : undefined;
  const separator = String(configuration?.["separator"] ?? (isDefault ? "/" : "."));
  const { chunk_shape: chunkShape } = array.chunk_grid.configuration;
  return finish(
    {
      version: 3,
      dtype,
      shape: array.shape,
      chunkShape,
      fill: fillOf(array.fill_value, dtype, source),
      pipeline: pipelineOf(array.codecs, chunkShape.length, source),
      dimensionNames: array.dimension_names ?? undefined,
      attributes: array.attributes ?? {},
      keyOf: (chunk) =>
        isDefault ? ["c", ...chunk].join(separator) : chunk.length === 0 ? "0" : chunk.join(separator),
    },
    source,
  );
}

/** Metadata out of `.zarray`, and `.zattrs` where there are some. Throws ReadError. */
export function metadataV2(json: unknown, attributes: Readonly<Record<string, unknown>>, source: string): ZarrMetadata {
  const array = checked(arrayV2, json, source);
  const [, order, kind = "", size = ""] = /^([<>|])([biufc])(\d+)$/.exec(array.dtype) ?? [];
  const family = { b: "bool", i: "int", u: "uint", f: "float", c: "complex" }[kind];
  const dtype = plainTypes.find((name) => name === (kind === "b" ? "bool" : `${family}${Number(size) * 8}`));
  if (dtype === undefined) throw unsupported(source, `dtype "${array.dtype}"`, "must be a plain number");
  if (array.filters != null && array.filters.length > 0)
    throw unsupported(source, `filter "${array.filters[0]?.id}"`, "filters of version 2 are not read");
  const separator = array.dimension_separator ?? ".";
  const { id, ...configuration } = array.compressor ?? { id: "" };
  const codecs: unknown[] = [{ name: "bytes", configuration: { endian: order === ">" ? "big" : "little" } }];
  const isReversed = array.order === "F" && array.shape.length > 1;
  if (isReversed) codecs.unshift({ name: "transpose", configuration: { order: [...array.shape.keys()].reverse() } });
  if (id !== "") codecs.push({ name: id, configuration });
  return finish(
    {
      version: 2,
      dtype,
      shape: array.shape,
      chunkShape: array.chunks,
      fill: fillOf(array.fill_value, dtype, source),
      pipeline: pipelineOf(codecs, array.chunks.length, source),
      dimensionNames: undefined,
      attributes,
      keyOf: (chunk) => (chunk.length === 0 ? "0" : chunk.join(separator)),
    },
    source,
  );
}

/** What both versions must obey. */
function finish(metadata: ZarrMetadata, source: string): ZarrMetadata {
  const { shape, chunkShape, fill } = metadata;
  const chunkBytes = sizeOf(chunkShape) * fill.byteLength;
  const wrong =
    shape.length !== chunkShape.length
      ? `${shape.length} axes, and chunks of ${chunkShape.length}`
      : !Number.isSafeInteger(sizeOf(shape) * fill.byteLength)
        ? `the shape is [${shape.join(", ")}]`
        : chunkBytes > mostChunkBytes
          ? `chunks of ${chunkBytes} bytes`
          : undefined;
  if (wrong === undefined) return metadata;
  const code = chunkBytes > mostChunkBytes ? "bomb" : "syntax";
  throw new ReadError({ code, source, detail: wrong }, `must agree, with chunks of at most ${mostChunkBytes} bytes`);
}

/** One item out of a fill value: a number, `"NaN"`, the bits in hexadecimal, or two for a complex number; nothing is zero. */
function fillOf(value: unknown, dtype: DType, source: string): TypedArray {
  const width = dtype.startsWith("complex") ? 2 : 1;
  const fill = new (arrayTypeOf(dtype))(width);
  const parts = Array.isArray(value) ? value : [value];
  const view = new DataView(fill.buffer);
  for (const [i, part] of parts.slice(0, width).entries()) {
    const isHex = typeof part === "string" && /^0x[0-9a-f]+$/i.test(part);
    const number = part === null || part === undefined ? 0 : Number(part);
    const isText = typeof part === "string";
    const isNumber = isText
      ? isHex || /^(NaN|-?Infinity|-?\d+)$/.test(part)
      : part === undefined || Object(part) !== part;
    const isBig = fill instanceof BigInt64Array || fill instanceof BigUint64Array;
    if (!isNumber || (isBig && !Number.isFinite(number)))
      throw new ReadError(
        { code: "syntax", source, detail: `fill value ${JSON.stringify(value)}` },
        "must be a number",
      );
    if (isHex) setBits(view, i * fill.BYTES_PER_ELEMENT, fill.BYTES_PER_ELEMENT, BigInt(part));
    else if (isBig) fill[i] = BigInt(Math.trunc(number));
    else if (dtype === "float16") view.setFloat16(i * 2, number, true);
    else if (dtype === "bfloat16") fill[i] = (new Uint32Array(Float32Array.of(number).buffer)[0] as number) >>> 16;
    else fill[i] = number;
  }
  return fill;
}

function setBits(view: DataView, at: number, width: number, bits: bigint): void {
  for (let byte = 0; byte < width; byte++) view.setUint8(at + byte, Number((bits >> BigInt(byte * 8)) & 255n));
}

/** The codecs of a Zarr array, as its metadata lists them. */

import { z } from "zod";
import type { Shape } from "../../tensor/shape.ts";
import { ReadError } from "../store/read-error.ts";
import type { BytesCodec } from "./_zarr-codecs.ts";

/** How the numbers of a chunk become bytes. */
export interface Pipeline {
  /** Orders of axes, in the order in which they are applied. */
  readonly transposes: readonly (readonly number[])[];
  readonly serializer: PlainBytes | Shards;
  readonly compressors: readonly BytesCodec[];
}

/** Numbers one after the other. */
export interface PlainBytes {
  readonly name: "bytes";
  readonly isBigEndian: boolean;
}

/** Chunks inside of a chunk, with an index. */
export interface Shards {
  readonly name: "sharding_indexed";
  readonly chunkShape: Shape;
  readonly pipeline: Pipeline;
  readonly index: Pipeline;
  readonly isIndexAtEnd: boolean;
}

const mostAxes = 32;

/** Lengths of axes; those of chunks; and the form that codecs and encodings have. */
export const lengths: z.ZodType<number[]> = z.array(z.int().min(0)).max(mostAxes);
/** See {@link lengths}. */
export const positive: z.ZodType<number[]> = z.array(z.int().min(1)).max(mostAxes);
/** See {@link lengths}. */
export const named: z.ZodType<{ name: string; configuration?: Record<string, unknown> | undefined }> = z.looseObject({
  name: z.string(),
  configuration: z.looseObject({}).optional(),
});

/** What is read from metadata and cannot be. */
export function unsupported(source: string, detail: string, rule: string): ReadError {
  return new ReadError({ code: "schema", source, detail }, rule);
}

/** JSON as a schema has it. Throws ReadError "syntax". */
export function checked<Schema extends z.ZodType>(schema: Schema, json: unknown, source: string): z.infer<Schema> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const detail = `${issue?.path.join(".") || "metadata"}: ${issue?.message}`;
  throw new ReadError({ code: "syntax", source, detail }, "must be metadata of a Zarr array");
}

const configurations = {
  transpose: z.looseObject({ order: z.union([z.array(z.int().min(0)), z.enum(["C", "F"])]) }),
  bytes: z.looseObject({ endian: z.enum(["little", "big"]).optional() }),
  gzip: z.looseObject({ level: z.number().default(5) }),
  zlib: z.looseObject({}),
  zstd: z.looseObject({ level: z.number().default(0), checksum: z.boolean().default(false) }),
  crc32c: z.looseObject({}),
  blosc: z.looseObject({
    cname: z.string(),
    clevel: z.int(),
    shuffle: z.union([z.string(), z.int()]).default("noshuffle"),
    typesize: z.int().default(1),
  }),
  sharding_indexed: z.looseObject({
    chunk_shape: positive,
    codecs: z.array(z.unknown()).min(1).max(16),
    index_codecs: z.array(z.unknown()).min(1).max(4),
    index_location: z.enum(["start", "end"]).default("end"),
  }),
};

/** The pipeline of a list of codecs. Throws ReadError. */
export function pipelineOf(codecs: readonly unknown[], ndim: number, source: string, depth = 0): Pipeline {
  const transposes: number[][] = [];
  const compressors: BytesCodec[] = [];
  let serializer: PlainBytes | Shards | undefined;
  for (const codec of codecs) {
    const { name, configuration = {} } = checked(named, typeof codec === "string" ? { name: codec } : codec, source);
    const read = <Name extends keyof typeof configurations>(which: Name): z.infer<(typeof configurations)[Name]> =>
      checked(configurations[which], configuration, source) as z.infer<(typeof configurations)[Name]>;
    if (name === "transpose" && serializer === undefined) transposes.push(orderOf(read(name).order, ndim, source));
    else if (name === "bytes" && serializer === undefined)
      serializer = { name, isBigEndian: read(name).endian === "big" };
    else if (name === "sharding_indexed" && serializer === undefined && depth < 4) {
      const { chunk_shape: chunkShape, codecs: inner, index_codecs: index, index_location: location } = read(name);
      const pipeline = pipelineOf(inner, ndim, source, depth + 1);
      const isIndexAtEnd = location === "end";
      serializer = { name, chunkShape, pipeline, index: pipelineOf(index, ndim + 1, source, 4), isIndexAtEnd };
    } else if (serializer === undefined) throw unsupported(source, `codec "${name}"`, "is not known here");
    else if (name === "gzip" || name === "zstd" || name === "crc32c" || name === "zlib")
      compressors.push({ name, ...read(name) } as BytesCodec);
    else if (name === "blosc") compressors.push({ ...read(name), name } as BytesCodec);
    else throw unsupported(source, `codec "${name}"`, "is not known here");
  }
  if (serializer === undefined) throw unsupported(source, "no codec makes bytes of the numbers", "one must");
  return { transposes, serializer, compressors };
}

function orderOf(order: readonly number[] | "C" | "F", ndim: number, source: string): number[] {
  const axes = Array.from({ length: ndim }, (_, axis) => axis);
  if (order === "C") return axes;
  if (order === "F") return axes.reverse();
  if (order.length === ndim && axes.every((axis) => order.includes(axis))) return [...order];
  throw new ReadError(
    { code: "syntax", source, detail: `axes in the order [${order.join(", ")}]` },
    "must be all axes",
  );
}

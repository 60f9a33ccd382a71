/** Reads boxes out of the chunks of a Zarr array: whole chunks, and parts of shards. */

import { arrayTypeOf, type DType, sizeBytesOf, type TypedArray } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { ReadError } from "../store/read-error.ts";
import { elementsOf } from "./_array-items.ts";
import { type Block, copyBox, origin, overlaps, transpose } from "./_box.ts";
import { type ByteRanges, memoryRanges, partOf } from "./_byte-ranges.ts";
import { decodeBytes } from "./_zarr-codecs.ts";
import type { Pipeline, Shards } from "./_zarr-pipeline.ts";

/** Decoded chunks and indices that are kept, the least recently used going first. */
export class ChunkCache {
  readonly #maxBytes: number;
  readonly #kept = new Map<string, TypedArray>();
  #sizeBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What is kept under a key, or what `load` makes. */
  async get(key: string, load: () => Promise<TypedArray>): Promise<TypedArray> {
    const kept = this.#kept.get(key);
    const value = kept ?? (await load());
    this.#drop(key);
    if (value.byteLength > this.#maxBytes) return value;
    this.#kept.set(key, value);
    this.#sizeBytes += value.byteLength;
    for (const [oldest] of this.#kept) {
      if (this.#sizeBytes <= this.#maxBytes) break;
      this.#drop(oldest);
    }
    return value;
  }

  #drop(key: string): void {
    this.#sizeBytes -= this.#kept.get(key)?.byteLength ?? 0;
    this.#kept.delete(key);
  }
}

/** What does not change from chunk to chunk. */
export interface ChunkContext {
  readonly dtype: DType;
  readonly fill: TypedArray;
  readonly cache: ChunkCache;
  readonly signal?: AbortSignal | undefined;
}

/** Where a box of a chunk was found: in the chunk, or cut out of it. */
export interface Found {
  readonly block: Block;
  /** Where the box begins in the block. */
  readonly from: Shape;
}

/** Finds a box of a chunk, or nothing where the chunk is not stored. */
export type FindBox = (chunk: Shape, from: Shape, to: Shape) => Promise<Found | undefined>;

/** Chunks that are read at the same time. */
const inFlight = 8;

/** A box put together from the chunks of a grid; what is not stored has the fill value. */
export async function readGrid(
  context: ChunkContext,
  chunkShape: Shape,
  from: Shape,
  to: Shape,
  find: FindBox,
): Promise<TypedArray> {
  const { dtype, fill } = context;
  const shape = from.map((start, axis) => (to[axis] as number) - start);
  const width = fill.length;
  const data = new (arrayTypeOf(dtype))(sizeOf(shape) * width);
  const isZero = new Uint8Array(fill.buffer).every((byte) => byte === 0);
  if (!isZero) for (let i = 0; i < data.length; i++) data[i] = fill[i % width] as never;
  const target: Block = { data, shape };
  const jobs = overlaps(chunkShape, from, to);
  const work = async (): Promise<void> => {
    for (const { chunk, inChunk, inBox, lengths } of jobs) {
      context.signal?.throwIfAborted();
      const end = inChunk.map((start, axis) => start + (lengths[axis] as number));
      const found = await find(chunk, inChunk, end);
      if (found !== undefined) copyBox(found.block, found.from, target, inBox, lengths, width);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  return data;
}

/** A chunk that may be stored: as a whole, and by ranges. */
export interface StoredChunk {
  readonly source: string;
  whole(): Promise<Uint8Array<ArrayBuffer>>;
  ranges(): Promise<ByteRanges>;
}

/** A box of one stored chunk. */
export async function findInChunk(
  context: ChunkContext,
  pipeline: Pipeline,
  stored: StoredChunk,
  chunkShape: Shape,
  from: Shape,
  to: Shape,
): Promise<Found> {
  const { source } = stored;
  const { serializer, transposes, compressors } = pipeline;
  if (serializer.name === "sharding_indexed" && transposes.length === 0 && compressors.length === 0) {
    const lengths = from.map((start, axis) => (to[axis] as number) - start);
    // Half of a shard and more is quicker to have in one piece.
    const isMost = sizeOf(lengths) * 2 >= sizeOf(chunkShape);
    const shard = isMost ? memoryRanges(source, await stored.whole()) : await stored.ranges();
    const data = await readShard(context, serializer, shard, chunkShape, from, to);
    return { block: { data, shape: lengths }, from: origin(from) };
  }
  const load = async (): Promise<TypedArray> =>
    decodeChunk(context, pipeline, await stored.whole(), source, chunkShape);
  return { block: { data: await context.cache.get(source, load), shape: chunkShape }, from };
}

/** All of one stored chunk. */
async function decodeChunk(
  context: ChunkContext,
  { transposes, serializer, compressors }: Pipeline,
  packed: Uint8Array<ArrayBuffer>,
  source: string,
  chunkShape: Shape,
): Promise<TypedArray> {
  const { dtype, fill } = context;
  const encodedShape = transposes.reduce<Shape>(
    (shape, order) => order.map((axis) => shape[axis] as number),
    chunkShape,
  );
  let block: Block;
  if (serializer.name === "bytes") {
    const bytes = decodeBytes(packed, compressors, sizeBytesOf(dtype, sizeOf(chunkShape)), source);
    block = { data: elementsOf(bytes, dtype, serializer.isBigEndian), shape: encodedShape };
  } else {
    const shard = memoryRanges(source, decodeBytes(packed, compressors, undefined, source));
    const own: ChunkContext = { dtype, fill, cache: new ChunkCache(0) };
    const data = await readShard(own, serializer, shard, encodedShape, origin(encodedShape), encodedShape);
    block = { data, shape: encodedShape };
  }
  for (const order of transposes.toReversed()) block = transpose(block, inverse(order), fill.length);
  return block.data;
}

function inverse(order: readonly number[]): number[] {
  return order.map((_, axis) => order.indexOf(axis));
}

/** Marks a chunk that a shard does not hold. */
const absent = 0xffff_ffff_ffff_ffffn;

/** A box of a shard, reading only the chunks in it. */
async function readShard(
  context: ChunkContext,
  shards: Shards,
  bytes: ByteRanges,
  shardShape: Shape,
  from: Shape,
  to: Shape,
): Promise<TypedArray> {
  const { source } = bytes;
  const { chunkShape, pipeline } = shards;
  const grid = shardShape.map((length, axis) => length / (chunkShape[axis] as number));
  if (grid.some((count) => !Number.isInteger(count))) {
    const detail = `chunks of [${chunkShape.join(", ")}] in shards of [${shardShape.join(", ")}]`;
    throw new ReadError({ code: "syntax", source, detail }, "must fill a shard");
  }
  const index = await context.cache.get(`${source}#index`, () => readIndex(shards, bytes, grid));
  return readGrid(context, chunkShape, from, to, async (chunk, innerFrom, innerTo) => {
    const at = chunk.reduce((sum, position, axis) => sum * (grid[axis] as number) + position, 0);
    const [start, size] = [index[at * 2] as bigint, index[at * 2 + 1] as bigint];
    if (start === absent && size === absent) return undefined;
    const end = start + size;
    if (end > BigInt(bytes.sizeBytes)) {
      const detail = `chunk [${chunk.join(", ")}] lies at bytes ${start} to ${end} of ${bytes.sizeBytes}`;
      throw new ReadError({ code: "truncated", source, detail }, "must lie in its shard");
    }
    const name = `${source}#${chunk.join(".")}`;
    const part = partOf(bytes, name, Number(start), Number(size));
    const whole = (): Promise<Uint8Array<ArrayBuffer>> => part.read(0, part.sizeBytes, context.signal);
    const stored: StoredChunk = { source: name, whole, ranges: async () => part };
    return findInChunk(context, pipeline, stored, chunkShape, innerFrom, innerTo);
  });
}

/** Start and size of each chunk of a shard. */
async function readIndex({ index, isIndexAtEnd }: Shards, bytes: ByteRanges, grid: Shape): Promise<TypedArray> {
  const { serializer, compressors, transposes } = index;
  const { source } = bytes;
  const isFixed = compressors.every(({ name }) => name === "crc32c") && transposes.length === 0;
  if (serializer.name !== "bytes" || !isFixed)
    throw new ReadError({ code: "schema", source, detail: "an index of no fixed size" }, "must be bytes and crc32c");
  const sizeBytes = sizeOf(grid) * 16;
  const stored = sizeBytes + 4 * compressors.length;
  const start = isIndexAtEnd ? bytes.sizeBytes - stored : 0;
  const packed = await bytes.read(start, start + stored);
  return elementsOf(decodeBytes(packed, compressors, sizeBytes, source), "uint64", serializer.isBigEndian);
}

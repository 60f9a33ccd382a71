/** Writes Zarr arrays of version 3, row by row if need be. */

import { arrayTypeOf, type TypedArray } from "../../tensor/dtype.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Store } from "../store/store.ts";
import { storeOf } from "../store/store-of.ts";
import { bytesOf } from "./_array-items.ts";
import { type Block, copyBox, origin, overlaps } from "./_box.ts";
import { encodeBytes } from "./_zarr-codecs.ts";
import { metadataJson, type Plan, planOf, wrong } from "./_zarr-plan.ts";
import { readJson } from "./zarr-array.ts";

/** How chunks are packed; levels and the trade are those of each codec. */
export interface ZarrCompression {
  readonly codec: "none" | "gzip" | "zstd" | "blosc";
  /** gzip [0, 9], zstd [1, 22], blosc [0, 9]. @defaultValue 1 */
  readonly level?: number;
  /** Of blosc: what packs. @defaultValue "zstd" */
  readonly coder?: "lz4" | "lz4hc" | "zstd" | "zlib";
  /** Of blosc: what goes first. @defaultValue "byte", for elements of one byte "none" */
  readonly shuffle?: "none" | "byte" | "bit";
}

/** Options of {@link writeZarr}. */
export interface WriteZarrOptions {
  /** How the location is reached. @defaultValue that of the location */
  readonly store?: Store;
  /** Lengths of a chunk, the unit that is packed. @defaultValue whole rows, about a megabyte of them */
  readonly chunkShape?: Shape;
  /** Lengths of a shard, the unit that is one object, in multiples of a chunk. @defaultValue each chunk is its own object */
  readonly shardShape?: Shape;
  /** See {@link ZarrCompression}. @defaultValue blosc with zstd at level 1 */
  readonly compression?: ZarrCompression;
  /** Whether each chunk carries a CRC-32C. @defaultValue true */
  readonly checksum?: boolean;
  /** Names of the axes. */
  readonly dimensionNames?: readonly string[];
  /** Anything JSON can hold. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Stops the writing with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The bytes of a chunk, or undefined if it holds nothing but zeros (also no −0), which is what a missing chunk means. */
function chunkOf(plan: Plan, data: TypedArray): Uint8Array<ArrayBuffer> | undefined {
  const bytes = bytesOf(data);
  return bytes.every((byte) => byte === 0) ? undefined : encodeBytes(bytes, plan.compressors);
}

/** Objects written at the same time. */
const inFlight = 8;

const absent = 0xffff_ffff_ffff_ffffn;

/** The bytes of a shard: its chunks, then the index. */
function shardOf(plan: Plan, data: TypedArray): Uint8Array<ArrayBuffer> | undefined {
  const { objectShape, chunkShape, dtype, width } = plan;
  const shard = { data, shape: objectShape };
  const chunks: Uint8Array[] = [];
  const index: bigint[] = [];
  let at = 0n;
  for (const { inBox } of overlaps(chunkShape, origin(objectShape), objectShape)) {
    const inner = { data: new (arrayTypeOf(dtype))(sizeOf(chunkShape) * width), shape: chunkShape };
    copyBox(shard, inBox, inner, origin(chunkShape), chunkShape, width);
    const bytes = chunkOf(plan, inner.data);
    index.push(bytes === undefined ? absent : at, bytes === undefined ? absent : BigInt(bytes.length));
    if (bytes === undefined) continue;
    chunks.push(bytes);
    at += BigInt(bytes.length);
  }
  if (chunks.length === 0) return undefined;
  const packedIndex = encodeBytes(bytesOf(BigUint64Array.from(index)), [{ name: "crc32c" }]);
  return Uint8Array.from(Buffer.concat([...chunks, packedIndex]));
}

/** The objects of a slab of rows that begins at a border of objects, by their key. Past the last row they are filled up with zeros. */
function* objectsOf(plan: Plan, slab: Block, slabIndex: number): Generator<[key: string, bytes: Uint8Array]> {
  const { objectShape, dtype, width, isSharded } = plan;
  for (const { chunk, inBox, lengths } of overlaps(objectShape, origin(slab.shape), slab.shape)) {
    const object = { data: new (arrayTypeOf(dtype))(sizeOf(objectShape) * width), shape: objectShape };
    copyBox(slab, inBox, object, origin(objectShape), lengths, width);
    const bytes = isSharded ? shardOf(plan, object.data) : chunkOf(plan, object.data);
    if (bytes !== undefined) yield [["c", slabIndex, ...chunk.slice(1)].join("/"), bytes];
  }
}

/** Objects that are being written, a few at a time, because each waits for its disk or server. */
class Writes {
  readonly #write: (key: string, bytes: Uint8Array) => Promise<void>;
  readonly #underWay = new Set<Promise<void>>();
  #failure: { readonly cause: unknown } | undefined;

  constructor(write: (key: string, bytes: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  /** Resolves when there is room for more. Throws what an earlier writing threw. */
  async add(key: string, bytes: Uint8Array): Promise<void> {
    const writing = this.#write(key, bytes)
      .catch((cause: unknown) => {
        this.#failure ??= { cause };
      })
      .finally(() => this.#underWay.delete(writing));
    this.#underWay.add(writing);
    if (this.#underWay.size >= inFlight) await Promise.race(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure.cause;
  }

  /** Resolves when all is written. */
  async done(): Promise<void> {
    await Promise.all(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure.cause;
  }
}

/**
 * Writes a Zarr array of version 3, as zarr-python 3 and zarrita read it.
 *
 * Rows may come piece by piece, so that the array can be larger than memory: a slab of as many rows as an object has is held. `zarr.json`
 * is written last, so nobody sees an array that is not whole. Chunks of zeros are left out.
 *
 * @param location - Folder or `s3://` location; nothing may be there yet.
 * @param array - A tensor, or tensors to be joined along their first axis.
 * @param options - See {@link WriteZarrOptions}.
 * @returns The shape that was written.
 * @throws RangeError if chunks, shards or pieces do not fit each other, or an array is there already.
 *
 * @example Shards of four chunks
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { tensor } from "cameo";
 * import { openZarrArray, writeZarr } from "cameo/data/source";
 *
 * const folder = join(await mkdtemp(join(tmpdir(), "zarr-")), "features");
 * const piece = tensor("float32", [4, 4], Float32Array.from({ length: 16 }, (_, i) => i));
 * const shape = await writeZarr(folder, [piece, piece], { chunkShape: [2, 2], shardShape: [4, 4] });
 * assert.deepEqual(shape, [8, 4]);
 * assert.deepEqual((await (await openZarrArray(folder)).read([[4, 8]])).data, piece.data);
 * ```
 */
export async function writeZarr(
  location: string,
  array: Tensor | Iterable<Tensor> | AsyncIterable<Tensor>,
  options: WriteZarrOptions = {},
): Promise<Shape> {
  const store = options.store ?? storeOf(location);
  const { signal } = options;
  const root = location.replace(/[\\/]+$/, "");
  const write = store.write?.bind(store);
  if (write === undefined) throw wrong(`got a store of kind "${store.kind}"`, "must take writing");
  // Chunks of another array would show through where this one has none.
  if ((await readJson(store, `${root}/zarr.json`)) !== undefined)
    throw wrong(`there is a zarr.json in "${root}" already`, "must be a new location");
  const writes = new Writes((key, bytes) => write(`${root}/${key}`, bytes, signal));
  let plan: Plan | undefined;
  let numRows = 0;
  let slab: TypedArray | undefined;
  const flush = async (rows: number): Promise<void> => {
    if (plan === undefined || slab === undefined || rows === 0) return;
    const data = slab.subarray(0, rows * sizeOf(plan.row) * plan.width);
    const index = Math.floor((numRows - 1) / (plan.objectShape[0] as number));
    for (const [key, bytes] of objectsOf(plan, { data, shape: [rows, ...plan.row] }, index)) {
      signal?.throwIfAborted();
      await writes.add(key, bytes);
    }
  };
  try {
    for await (const piece of "dtype" in array ? [array] : array) {
      plan ??= planOf(piece, options);
      const rows = checkedRows(piece, plan);
      const rowSize = sizeOf(plan.row) * plan.width;
      const slabRows = plan.objectShape[0] as number;
      slab ??= new (arrayTypeOf(plan.dtype))(slabRows * rowSize);
      for (let from = 0; from < rows; ) {
        const held = numRows % slabRows;
        const count = Math.min(rows - from, slabRows - held);
        const part = (piece.data as TypedArray).subarray(from * rowSize, (from + count) * rowSize);
        slab.set(part as never, held * rowSize);
        from += count;
        numRows += count;
        if (numRows % slabRows === 0) await flush(slabRows);
      }
    }
    if (plan === undefined) throw wrong("got no tensor", "needs at least one");
    await flush(numRows % (plan.objectShape[0] as number));
  } finally {
    await writes.done();
  }
  const json = `${JSON.stringify(metadataJson(plan, numRows, options), null, 2)}\n`;
  await write(`${root}/zarr.json`, new TextEncoder().encode(json), signal);
  return [numRows, ...plan.row];
}

/** Rows of a piece, which must be like the first. */
function checkedRows({ dtype, shape }: Tensor, plan: Plan): number {
  const [rows, ...row] = shape as [number, ...number[]];
  if (dtype === plan.dtype && sameShape(row, plan.row)) return rows;
  const first = `the first are ${plan.dtype} of ${formatShape(plan.row)}`;
  throw wrong(`got ${dtype} rows of ${formatShape(row)}`, first);
}

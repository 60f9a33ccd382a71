/** Zarr arrays, versions 2 and 3: any box of them, wherever they are. */

import { explain, isCameoError, messageOf } from "../../base/errors.ts";
import type { DType } from "../../tensor/dtype.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { ReadError } from "../store/read-error.ts";
import type { Store } from "../store/store.ts";
import { storeOf } from "../store/store-of.ts";
import { storedRanges } from "./_byte-ranges.ts";
import { ChunkCache, type ChunkContext, findInChunk, readGrid, type StoredChunk } from "./_zarr-chunks.ts";
import { metadataV2, metadataV3, type ZarrMetadata } from "./_zarr-metadata.ts";

/** From where to where along each axis; axes left out, or `undefined`, are whole. */
export type ZarrSelection = readonly (readonly [start: number, end: number] | undefined)[];

/** Options of {@link openZarrArray}. */
export interface OpenZarrOptions {
  /** How the array is reached. @defaultValue that of its location */
  readonly store?: Store;
  /** Most bytes of decoded chunks that are kept. @defaultValue 2 ** 26 */
  readonly cacheBytes?: number;
  /** Most bytes that one reading may return. @defaultValue 2 ** 31 */
  readonly maxReadBytes?: number;
}

/** An array of a Zarr store. Nothing but its metadata has been read. */
export interface ZarrArray {
  readonly location: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Of a chunk, or of a shard. */
  readonly chunkShape: Shape;
  readonly dimensionNames: readonly (string | null)[] | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The values of a box. Throws DataError if a chunk is damaged, RangeError if the box is not inside of the array. */
  read(selection?: ZarrSelection, signal?: AbortSignal): Promise<Tensor>;
}

/** Most bytes of metadata. */
const mostMetadataBytes = 2 ** 24;

/** Whether it was thrown because there is no such object. Stores say so in words only. */
export function isMissing(error: unknown): boolean {
  return isCameoError(error, "data") && /: there is no such (object|file)/.test(error.message);
}

/** A JSON object of a store, or undefined where there is none. */
export async function readJson(store: Store, location: string): Promise<Record<string, unknown> | undefined> {
  try {
    const entry = await store.head(location);
    if (entry.sizeBytes > mostMetadataBytes)
      throw new ReadError({ code: "bomb", source: location, detail: `${entry.sizeBytes} bytes` }, "must be metadata");
    const json: unknown = JSON.parse(new TextDecoder().decode(await store.read(location)));
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
    throw new ReadError({ code: "syntax", source: location, detail: "no JSON object" }, "must be metadata of Zarr");
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (!(error instanceof SyntaxError)) throw error;
    const fault = { code: "syntax", source: location, detail: messageOf(error) } as const;
    throw new ReadError(fault, "must be JSON", { cause: error });
  }
}

/**
 * Opens a Zarr array of version 2 or 3: chunked or sharded, local or remote.
 *
 * Codecs: bytes, transpose, sharding_indexed, gzip, zlib, zstd, blosc and crc32c. Chunks that are not stored have the fill value. Numbers
 * only: strings, structures and the filters of version 2 are refused.
 *
 * @param location - Folder, `https://` or `s3://` location of the array.
 * @param options - See {@link OpenZarrOptions}.
 * @returns The array.
 * @throws DataError if there is no array, or its metadata is broken or asks for what is not read.
 *
 * @example A box of a larger array
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { tensor } from "cameo";
 * import { openZarrArray, writeZarr } from "cameo/data/source";
 *
 * const folder = join(await mkdtemp(join(tmpdir(), "zarr-")), "counts");
 * await writeZarr(folder, tensor("int32", [4, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]));
 * const array = await openZarrArray(folder);
 * const box = await array.read([[1, 3], [1, 3]]);
 * assert.deepEqual([...(box.data as Int32Array)], [4, 5, 7, 8]);
 * ```
 */
export async function openZarrArray(location: string, options: OpenZarrOptions = {}): Promise<ZarrArray> {
  const store = options.store ?? storeOf(location);
  const root = location.replace(/[\\/]+$/, "");
  const v3 = await readJson(store, `${root}/zarr.json`);
  const metadata = v3 === undefined ? await openV2(store, root) : metadataV3(v3, `${root}/zarr.json`);
  return zarrArray(store, root, metadata, options);
}

async function openV2(store: Store, root: string): Promise<ZarrMetadata> {
  const array = await readJson(store, `${root}/.zarray`);
  if (array !== undefined)
    return metadataV2(array, (await readJson(store, `${root}/.zattrs`)) ?? {}, `${root}/.zarray`);
  const detail = "neither zarr.json nor .zarray is there";
  throw new ReadError({ code: "empty", source: root, detail }, "must be a Zarr array");
}

/** An array whose metadata is known. */
export function zarrArray(
  store: Store,
  root: string,
  metadata: ZarrMetadata,
  options: OpenZarrOptions = {},
): ZarrArray {
  const { dtype, shape, chunkShape, fill, pipeline, dimensionNames, attributes } = metadata;
  const cache = new ChunkCache(options.cacheBytes ?? 2 ** 26);
  const maxReadBytes = options.maxReadBytes ?? 2 ** 31;

  const read = async (selection: ZarrSelection = [], signal?: AbortSignal): Promise<Tensor> => {
    const [from, to] = boundsOf(shape, selection);
    const lengths = from.map((start, axis) => (to[axis] as number) - start);
    if (sizeOf(lengths) * fill.byteLength > maxReadBytes) {
      const received = `${formatShape(lengths)} are ${sizeOf(lengths) * fill.byteLength} bytes`;
      const hint = "read fewer, or raise maxReadBytes";
      throw new RangeError(
        explain({ api: "zarr", action: `read "${root}"`, received, rule: `the limit is ${maxReadBytes}`, hint }),
      );
    }
    const context: ChunkContext = { dtype, fill, cache, signal };
    const data = await readGrid(context, chunkShape, from, to, async (chunk, innerFrom, innerTo) => {
      const location = `${root}/${metadata.keyOf(chunk)}`;
      const range = signal === undefined ? {} : { signal };
      const stored: StoredChunk = {
        source: location,
        whole: () => store.read(location, range), // one request: nobody asks for the size first
        ranges: async () => storedRanges(store, await store.head(location, signal)),
      };
      try {
        return await findInChunk(context, pipeline, stored, chunkShape, innerFrom, innerTo);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
    return { dtype, shape: lengths, data };
  };

  return { location: root, dtype, shape, chunkShape, dimensionNames, attributes, read };
}

function boundsOf(shape: Shape, selection: ZarrSelection): [Shape, Shape] {
  const bounds = shape.map((length, axis) => selection[axis] ?? ([0, length] as const));
  for (const [axis, [start, end]] of bounds.entries()) {
    const isInside = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && end <= (shape[axis] as number);
    if (isInside && start <= end && selection.length <= shape.length) continue;
    const received = `got [${start}, ${end}) along axis ${axis}`;
    throw new RangeError(
      explain({ api: "zarr", action: "read a box", received, rule: `must lie in the shape ${formatShape(shape)}` }),
    );
  }
  return [bounds.map(([start]) => start), bounds.map(([, end]) => end)];
}

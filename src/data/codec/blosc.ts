/** Blosc chunks, as written and read by c-blosc, python-blosc, numcodecs and Zarr. */

import { explain } from "../../base/errors.ts";
import { encodeChunk } from "./_blosc-encode.ts";
import { filterOf, type Shuffle, storeBlock } from "./_blosc-filters.ts";
import {
  type ChunkHeader,
  chunkError,
  fewestElements,
  flagBits,
  headerSize,
  largestChunk,
  mostStreams,
  readBlocks,
  readHeader,
  storedBytes,
} from "./_blosc-header.ts";
import { blockMemory } from "./_blosc-memory.ts";
import { expandStreams } from "./_blosc-streams.ts";
import { decodeBlosc2 } from "./_blosc2-chunk.ts";
import { freshBytes } from "./_fresh-bytes.ts";
import { type BlockCodecs, builtInCodecs } from "./block-codec.ts";

/** Options of {@link decodeBlosc}. */
export interface DecodeBloscOptions {
  /** Most bytes that the chunk may expand to. @defaultValue what a chunk can hold, 2 GiB */
  readonly maxBytes?: number;
  /** zlib and zstd. @defaultValue those of Node */
  readonly codecs?: BlockCodecs;
  /**
   * Where the bytes go: exactly as many as the chunk expands to. Saves what fresh memory costs, a third of the time of fast chunks; after
   * an error it holds anything. @defaultValue memory of their own
   */
  readonly output?: Uint8Array<ArrayBuffer>;
}

/** Options of {@link encodeBlosc}. */
export interface EncodeBloscOptions {
  /** `"lz4"` is fast, `"lz4hc"` takes longer for the same fast expanding, `"zstd"` is smallest; `"zlib"` is for old readers. */
  readonly codec: "lz4" | "lz4hc" | "zstd" | "zlib";
  /** From 0 (copy) to 9 (smallest), as in c-blosc: of zstd it means level 2·level − 1. */
  readonly level: number;
  /** Bytes of an element [1, 255]. */
  readonly typeSize: number;
  /** What goes first over each block: the bytes, or the bits, of elements of `typeSize` bytes put together by their place. */
  readonly shuffle: Shuffle;
  /** Bytes of a block, made a multiple of eight elements. @defaultValue 524288 */
  readonly blockSize?: number;
  /** zlib and zstd. @defaultValue those of Node */
  readonly codecs?: BlockCodecs;
}

/**
 * Expands a chunk of Blosc1 or Blosc2.
 *
 * All coders but snappy, all filters of Blosc1, and of Blosc2 those that need no plug-in.
 *
 * @param chunk - The chunk; bytes behind it are left alone. Where it comes from strangers, set `maxBytes`.
 * @param options - See {@link DecodeBloscOptions}.
 * @returns The bytes: `output`, if that was given.
 * @throws CodecError if the chunk is damaged, or expands to more than is allowed.
 * @throws RangeError if `output` has another length.
 * @source Blosc Chunk Format, https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst
 *
 * @example There and back
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeBlosc, encodeBlosc } from "cameo/data/codec";
 *
 * const values = Float32Array.from({ length: 10_000 }, (_, i) => Math.fround(Math.sin(i / 500)));
 * const bytes = new Uint8Array(values.buffer);
 * const chunk = encodeBlosc(bytes, { codec: "zstd", level: 1, typeSize: 4, shuffle: "byte" });
 * assert.ok(chunk.length < 0.8 * bytes.length);
 * assert.deepEqual(new Float32Array(decodeBlosc(chunk).buffer), values);
 * ```
 */
export function decodeBlosc(chunk: Uint8Array, options: DecodeBloscOptions = {}): Uint8Array<ArrayBuffer> {
  const { maxBytes = largestChunk, codecs = builtInCodecs } = options;
  const header = readHeader(chunk, maxBytes);
  const body = chunk.subarray(0, header.codedSize);
  const room = roomFor(header.size, options.output);
  return header.version > 2 ? decodeBlosc2(body, header, codecs, room) : decodeBlosc1(body, header, codecs, room);
}

/** Gives memory when it is needed: a header that lies about its size fails at the first block, before memory is asked for. */
function roomFor(size: number, output: Uint8Array<ArrayBuffer> | undefined): () => Uint8Array<ArrayBuffer> {
  if (output !== undefined && output.length !== size)
    throw new RangeError(
      explain({
        api: "decodeBlosc",
        action: `expand into ${output.length} bytes`,
        received: `the chunk holds ${size}`,
        rule: "must be as many",
      }),
    );
  return () => output ?? freshBytes(size);
}

function decodeBlosc1(
  chunk: Uint8Array,
  header: ChunkHeader,
  codecs: BlockCodecs,
  room: () => Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const { size, blockSize, typeSize, flags, codedSize } = header;
  if (size === 0) return room();
  if ((flags & flagBits.plainCopy) !== 0) {
    const stored = storedBytes(chunk, header, headerSize);
    const output = room();
    output.set(stored);
    return output;
  }
  const { coder, numBlocks, starts } = readBlocks(header, headerSize, false);
  const view = new DataView(chunk.buffer, chunk.byteOffset, codedSize);
  const memory = blockMemory(blockSize);
  const shuffle =
    (flags & flagBits.shuffle) !== 0 && typeSize > 1 ? "byte" : (flags & flagBits.bitshuffle) !== 0 ? "bit" : "none";
  const split =
    (flags & flagBits.unsplit) === 0 && typeSize <= mostStreams && Math.floor(blockSize / typeSize) >= fewestElements;
  let output: Uint8Array<ArrayBuffer> | undefined;
  for (let i = 0; i < numBlocks; i++) {
    const blockBytes = Math.min(blockSize, size - i * blockSize);
    const filter = filterOf(shuffle, typeSize, blockBytes);
    const start = view.getInt32(headerSize + 4 * i, true);
    if (start < starts) throw chunkError(`block ${i} starts at byte ${start}`, "must start behind the list of blocks");
    const count = split && blockBytes === blockSize ? typeSize : 1;
    const block = { chunk: view, start, end: codedSize, coder, codecs, count, size: blockBytes, runs: false };
    expandStreams(block, memory, memory.filtered);
    output ??= room();
    storeBlock(memory, filter, output.subarray(i * blockSize, i * blockSize + blockBytes), typeSize);
  }
  return output as Uint8Array<ArrayBuffer>;
}

/**
 * Compresses bytes into a chunk of Blosc1, which every Blosc reads.
 *
 * What does not get smaller is stored as it is, 16 bytes longer. To choose filter, codec and level for your data, see {@link chooseCodec}.
 *
 * @param data - Elements in the byte order of the machine (little-endian), fewer than 2 GiB.
 * @param options - See {@link EncodeBloscOptions}.
 * @returns The chunk.
 * @throws RangeError if an option is out of range or `data` is too long.
 * @source Blosc Chunk Format, https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst
 *
 * @example Shuffled integers
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeBlosc, encodeBlosc } from "cameo/data/codec";
 *
 * const counts = new Uint8Array(Int32Array.from({ length: 5000 }, (_, i) => i).buffer);
 * const chunk = encodeBlosc(counts, { codec: "lz4", level: 5, typeSize: 4, shuffle: "byte" });
 * assert.ok(chunk.length < counts.length / 3);
 * assert.deepEqual(decodeBlosc(chunk), counts);
 * ```
 */
export function encodeBlosc(data: Uint8Array, options: EncodeBloscOptions): Uint8Array<ArrayBuffer> {
  checkOptions(data, options);
  return encodeChunk(data, options, 1);
}

/** Refuses options that are out of range. */
export function checkOptions(data: Uint8Array, options: EncodeBloscOptions): void {
  const refuse = (received: string, rule: string): never => {
    throw new RangeError(explain({ api: "encodeBlosc", action: "compress", received, rule }));
  };
  const { codec, level, typeSize, shuffle, blockSize = 512 << 10 } = options;
  if (!["lz4", "lz4hc", "zstd", "zlib"].includes(codec))
    refuse(`got codec "${codec}"`, "must be lz4, lz4hc, zstd or zlib");
  if (!["none", "byte", "bit"].includes(shuffle)) refuse(`got shuffle "${shuffle}"`, "must be none, byte or bit");
  const integer = (name: string, value: number, least: number, most: number): void => {
    if (!Number.isInteger(value) || value < least || value > most)
      refuse(`got ${name} ${value}`, `must be an integer in [${least}, ${most}]`);
  };
  integer("level", level, 0, 9);
  integer("typeSize", typeSize, 1, 255);
  integer("blockSize", blockSize, fewestElements, 256 << 20);
  if (data.length > largestChunk) refuse(`got ${data.length} bytes`, `a chunk holds at most ${largestChunk}`);
}

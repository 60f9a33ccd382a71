/** The header of a chunk, and what is refused about it. */

import { CodecError, explain } from "../../base/errors.ts";
import type { Shuffle } from "./_blosc-filters.ts";

/** Coders by the number in the upper three bits of the flags. */
export const coders: readonly Coder[] = ["blosclz", "lz4", "snappy", "zlib", "zstd"];

/** A coder of {@link coders}. */
export type Coder = "blosclz" | "lz4" | "snappy" | "zlib" | "zstd";

/** Bits of the flags. */
export const flagBits = { shuffle: 1, plainCopy: 2, bitshuffle: 4, unsplit: 16 } as const;

/** Bytes of a header of Blosc1. */
export const headerSize = 16;
/** Bytes of a header of Blosc2. */
export const extendedHeaderSize = 32;
/** Blocks are split into streams of one byte of each element only if elements are as short as this. */
export const mostStreams = 16;
/** Elements that a block needs to be split; also the size below which a chunk is only copied [bytes]. */
export const fewestElements = 128;
/** Most bytes in a chunk: a 31-bit length, less a header. */
export const largestChunk: number = 2 ** 31 - 1 - extendedHeaderSize;

/** Largest block that is read [bytes]: four of them fit the kernels' memory. c-blosc makes none above a few MiB by itself. */
export const largestBlock: number = 1 << 28;
/** How many bytes a coder makes of one at most, by its format. */
const mostExpansion: Readonly<Record<Coder, number>> = {
  blosclz: 256,
  lz4: 256,
  snappy: 64,
  zlib: 1040,
  zstd: 1 << 16,
};

/** What the header of a chunk says. */
export interface ChunkHeader {
  readonly version: number;
  readonly flags: number;
  readonly typeSize: number;
  /** Bytes when expanded. */
  readonly size: number;
  readonly blockSize: number;
  /** Bytes of the chunk with its header. */
  readonly codedSize: number;
}

/** A CodecError about a chunk. */
export function chunkError(received: string, rule: string, cause?: unknown): CodecError {
  return new CodecError("blosc", explain({ api: "decodeBlosc", action: "expand a chunk", received, rule }), { cause });
}

/**
 * Reads a header and refuses what no sound chunk says.
 *
 * @param chunk - A chunk; bytes behind it are allowed.
 * @param maxBytes - Most bytes that it may expand to.
 */
export function readHeader(chunk: Uint8Array, maxBytes: number): ChunkHeader {
  if (chunk.length < headerSize)
    throw chunkError(`got ${chunk.length} bytes`, `a header has ${headerSize}; the chunk is truncated`);
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  const version = view.getUint8(0);
  if (version < 1 || version > 6) throw chunkError(`its format version is ${version}`, "must be 1 to 6");
  const [size, blockSize, codedSize] = [4, 8, 12].map((at) => view.getInt32(at, true)) as [number, number, number];
  if (size < 0 || blockSize < 0 || codedSize < headerSize)
    throw chunkError(`it claims sizes ${size}, ${blockSize} and ${codedSize}`, "must be those of a chunk");
  if (codedSize > chunk.length)
    throw chunkError(`it claims ${codedSize} bytes and there are ${chunk.length}`, "must be whole");
  if (size > maxBytes) throw chunkError(`it expands to ${size} bytes`, `at most ${maxBytes} are allowed (maxBytes)`);
  const typeSize = view.getUint8(3);
  return { version, flags: view.getUint8(2), typeSize, size, blockSize, codedSize };
}

/**
 * The coder of a chunk in blocks, and where its list of blocks ends; refuses sizes that cannot be.
 *
 * @param listStart - Byte at which the list of blocks starts.
 * @param runs - Whether a stream can be a run, which takes no bytes.
 */
export function readBlocks(
  header: ChunkHeader,
  listStart: number,
  runs: boolean,
): { readonly coder: Coder; readonly numBlocks: number; readonly starts: number } {
  const { size, blockSize, typeSize, flags, codedSize } = header;
  const coder = coders[flags >> 5];
  if (coder === undefined || typeSize === 0 || blockSize === 0 || blockSize > size || blockSize > largestBlock)
    throw chunkError(
      `it claims coder ${flags >> 5}, elements of ${typeSize} bytes and blocks of ${blockSize}`,
      `must be those of a chunk that needs no plug-in, with blocks of at most ${largestBlock}`,
    );
  if (!runs && size > codedSize * mostExpansion[coder])
    throw chunkError(
      `it claims ${size} bytes from ${codedSize}`,
      `${coder} makes at most ${mostExpansion[coder]} of one`,
    );
  const numBlocks = Math.ceil(size / blockSize);
  const starts = listStart + 4 * numBlocks;
  if (starts > codedSize)
    throw chunkError(`it claims ${numBlocks} blocks in ${codedSize} bytes`, "must have room for them");
  return { coder, numBlocks, starts };
}

/** What {@link writeHeader} writes. */
export interface NewHeader extends Omit<ChunkHeader, "version" | "codedSize"> {
  /** Of Blosc. */
  readonly version: 1 | 2;
  readonly shuffle: Shuffle;
}

const shuffleFlags: Readonly<Record<Shuffle, number>> = { none: 0, byte: flagBits.shuffle, bit: flagBits.bitshuffle };
const filterNumbers: Readonly<Record<Shuffle, number>> = { none: 0, byte: 1, bit: 2 };

/** Writes a header over the first bytes of a chunk, and returns the chunk. */
export function writeHeader(chunk: Uint8Array<ArrayBuffer>, header: NewHeader): Uint8Array<ArrayBuffer> {
  const { version, flags, shuffle, typeSize, size, blockSize } = header;
  const view = new DataView(chunk.buffer, chunk.byteOffset, headerSize);
  // Both flags together say that 16 bytes of header follow, in which the last of six filters is the shuffle.
  const shuffles = version === 1 ? shuffleFlags[shuffle] : flagBits.shuffle | flagBits.bitshuffle;
  chunk.set([version === 1 ? 2 : 5, 1, flags | shuffles, typeSize]);
  [size, blockSize, chunk.length].forEach((value, i) => {
    view.setInt32(4 + 4 * i, value, true);
  });
  if (version === 2) {
    chunk.fill(0, headerSize, extendedHeaderSize);
    chunk[headerSize + 5] = filterNumbers[shuffle];
  }
  return chunk;
}

/**
 * The bytes of a chunk that holds them as they are.
 *
 * @throws CodecError if there are not as many as the header says.
 */
export function storedBytes(chunk: Uint8Array, { size, codedSize }: ChunkHeader, start: number): Uint8Array {
  if (size + start !== codedSize)
    throw chunkError(`it holds ${codedSize - start} bytes as they are`, `its header says ${size}`);
  return chunk.subarray(start);
}

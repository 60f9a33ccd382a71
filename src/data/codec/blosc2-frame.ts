/** Contiguous frames of Blosc2 (`.b2frame`): super-chunks, as python-blosc2 saves them. */

import { CodecError, explain } from "../../base/errors.ts";
import { encodeChunk } from "./_blosc-encode.ts";
import { readHeader } from "./_blosc-header.ts";
import { checkOptions, type DecodeBloscOptions, decodeBlosc, type EncodeBloscOptions } from "./blosc.ts";
import { defaultMaxBytes } from "./number-codec.ts";

/** What the head of a frame says. */
export interface Blosc2Frame {
  /** Bytes of an element. */
  readonly typeSize: number;
  /** Bytes when expanded. */
  readonly sizeBytes: number;
  readonly numChunks: number;
  /** Expands chunk `index`. */
  chunk(index: number): Uint8Array<ArrayBuffer>;
}

/** Where fields stand; integers of the frame are big-endian, being MessagePack, and those of its chunks little-endian. */
const at = {
  magic: 2,
  headerSize: 0x0b,
  frameSize: 0x10,
  type: 0x1a,
  sizeBytes: 0x1e,
  codedBytes: 0x27,
  typeSize: 0x30,
  chunkSize: 0x3a,
} as const;
const magic = "b2frame\0";
const shortestHeader = 0x57;

function frameError(received: string, rule: string, cause?: unknown): CodecError {
  return new CodecError("blosc2", explain({ api: "openBlosc2Frame", action: "read a frame", received, rule }), {
    cause,
  });
}

/** Whether bytes begin as a frame does. */
export function isBlosc2Frame(head: Uint8Array): boolean {
  return magic.split("").every((character, i) => head[at.magic + i] === character.charCodeAt(0));
}

/**
 * Opens a contiguous frame of Blosc2.
 *
 * Arrays of several axes (B2ND) are read as the run of blocks that they are; their metadata is left alone. Sparse frames (folders) are not
 * read.
 *
 * @param frame - All of it.
 * @param options - See {@link DecodeBloscOptions}; `maxBytes` is of all chunks together. By default 1 GiB.
 * @returns See {@link Blosc2Frame}.
 * @throws CodecError if it is damaged, or expands to more than is allowed.
 * @source Blosc2 Contiguous Frame Format, https://github.com/Blosc/c-blosc2/blob/main/README_CFRAME_FORMAT.rst
 *
 * @example A frame is recognised
 * ```ts
 * import assert from "node:assert/strict";
 * import { openBlosc2Frame } from "cameo/data/codec";
 *
 * assert.throws(() => openBlosc2Frame(new Uint8Array(100)), { code: "codec" });
 * ```
 */
export function openBlosc2Frame(frame: Uint8Array, options: DecodeBloscOptions = {}): Blosc2Frame {
  const { maxBytes = defaultMaxBytes, ...rest } = options;
  if (frame.length < shortestHeader || !isBlosc2Frame(frame))
    throw frameError(`${frame.length} bytes that do not begin as one does`, "must be a contiguous frame");
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const long = (offset: number): number => Number(view.getBigInt64(offset));
  const [headerSize, typeSize, chunkSize] = [at.headerSize, at.typeSize, at.chunkSize].map((offset) =>
    view.getInt32(offset),
  ) as [number, number, number];
  const [frameSize, sizeBytes, codedBytes] = [at.frameSize, at.sizeBytes, at.codedBytes].map(long) as [
    number,
    number,
    number,
  ];
  if ((view.getUint8(at.type) & 15) !== 0) throw frameError("it is spread over a folder", "must be contiguous");
  if (
    headerSize < shortestHeader ||
    headerSize > frameSize ||
    frameSize > frame.length ||
    codedBytes < 0 ||
    headerSize + codedBytes > frameSize
  )
    throw frameError(
      `it claims ${headerSize} bytes of header, ${codedBytes} of chunks and ${frameSize} in all; there are ${frame.length}`,
      "must be whole",
    );
  if (sizeBytes < 0 || sizeBytes > maxBytes)
    throw frameError(`it expands to ${sizeBytes} bytes`, `at most ${maxBytes} are allowed (maxBytes)`);
  if (typeSize < 1 || (chunkSize < 1 && sizeBytes > 0))
    throw frameError(`elements of ${typeSize} bytes, chunks of ${chunkSize}`, "must be positive");
  const starts = sizeBytes === 0 ? [] : readStarts(frame.subarray(headerSize + codedBytes), sizeBytes, rest);
  const sizeOfChunk = (index: number): number => Math.max(0, Math.min(chunkSize, sizeBytes - index * chunkSize));
  return {
    typeSize,
    sizeBytes,
    numChunks: starts.length,
    chunk: (index) => {
      const start = starts[index];
      if (start === undefined)
        throw new RangeError(
          explain({
            api: "chunk",
            action: `expand chunk ${index}`,
            received: `there are ${starts.length}`,
            rule: "must be one of them",
          }),
        );
      // A set top bit tells of a chunk that is not there, but all of one value.
      if (start < 0n) return constantChunk(Number((start >> 56n) & 7n), sizeOfChunk(index), typeSize);
      if (start >= BigInt(codedBytes))
        throw frameError(`chunk ${index} starts at byte ${start} of ${codedBytes}`, "must be inside");
      const from = headerSize + Number(start);
      return decodeBlosc(frame.subarray(from, headerSize + codedBytes), {
        ...rest,
        maxBytes: Math.max(sizeOfChunk(index), 0),
      });
    },
  };
}

/** Offsets of the chunks: a chunk of its own, behind them. */
function readStarts(bytes: Uint8Array, sizeBytes: number, options: DecodeBloscOptions): readonly bigint[] {
  // At least one byte in each chunk, eight for each offset.
  const { size } = readHeader(bytes, Math.min(2 ** 28, 8 * sizeBytes));
  const index = decodeBlosc(bytes, { ...options, maxBytes: size });
  return Array.from(new BigInt64Array(index.buffer, 0, index.length >> 3));
}

function constantChunk(kind: number, size: number, typeSize: number): Uint8Array<ArrayBuffer> {
  if (kind === 2 && typeSize === 4) return new Uint8Array(new Float32Array(size / 4).fill(Number.NaN).buffer);
  if (kind === 2 && typeSize === 8) return new Uint8Array(new Float64Array(size / 8).fill(Number.NaN).buffer);
  if (kind !== 1 && kind !== 4) throw frameError(`a chunk of special values of kind ${kind}`, "must be zeros or NaN");
  return new Uint8Array(size);
}

/**
 * Expands all chunks of a contiguous frame of Blosc2, one after the other.
 *
 * @param frame - All of it.
 * @param options - As of {@link openBlosc2Frame}.
 * @returns The bytes.
 * @throws CodecError if it is damaged, or expands to more than is allowed.
 *
 * @example There and back
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeBlosc2Frame, encodeBlosc2Frame } from "cameo/data/codec";
 *
 * const bytes = new Uint8Array(Int32Array.from({ length: 50_000 }, (_, i) => i).buffer);
 * const frame = encodeBlosc2Frame(bytes, { codec: "zstd", level: 1, typeSize: 4, shuffle: "byte", chunkSize: 65_536 });
 * assert.deepEqual(decodeBlosc2Frame(frame), bytes);
 * ```
 */
export function decodeBlosc2Frame(frame: Uint8Array, options: DecodeBloscOptions = {}): Uint8Array<ArrayBuffer> {
  const { sizeBytes, numChunks, chunk } = openBlosc2Frame(frame, options);
  const pieces: Uint8Array[] = [];
  let end = 0;
  for (let i = 0; i < numChunks; i++) {
    const piece = chunk(i);
    end += piece.length;
    if (end > sizeBytes) break;
    pieces.push(piece);
  }
  if (end !== sizeBytes)
    throw frameError(`${numChunks} chunks of ${end} bytes or more`, `its header says ${sizeBytes}`);
  const output = new Uint8Array(sizeBytes);
  end = 0;
  for (const piece of pieces) {
    output.set(piece, end);
    end += piece.length;
  }
  return output;
}

/** Options of {@link encodeBlosc2Frame}. */
export interface EncodeFrameOptions extends EncodeBloscOptions {
  /** Bytes of a chunk, made a multiple of an element; what is read at least of a frame. @defaultValue 1,048,576 */
  readonly chunkSize?: number;
}

/** c-blosc2's numbers of its coders, which are not those in the flags of chunks. */
const coderNumbers = { lz4: 1, lz4hc: 2, zlib: 4, zstd: 5 } as const;

/**
 * Compresses bytes into a contiguous frame of Blosc2, in chunks that are expanded one by one.
 *
 * For python-blosc2 and what builds on it; a single chunk of {@link encodeBlosc} is read by more programs.
 *
 * @param data - Elements in the byte order of the machine (little-endian).
 * @param options - See {@link EncodeFrameOptions}.
 * @returns The frame.
 * @throws RangeError if an option is out of range.
 * @source Blosc2 Contiguous Frame Format, https://github.com/Blosc/c-blosc2/blob/main/README_CFRAME_FORMAT.rst
 *
 * @example Chunks of a frame
 * ```ts
 * import assert from "node:assert/strict";
 * import { encodeBlosc2Frame, openBlosc2Frame } from "cameo/data/codec";
 *
 * const frame = encodeBlosc2Frame(new Uint8Array(100_000), {
 *   codec: "lz4",
 *   level: 5,
 *   typeSize: 4,
 *   shuffle: "byte",
 *   chunkSize: 40_000,
 * });
 * const { numChunks, chunk } = openBlosc2Frame(frame);
 * assert.equal(numChunks, 3);
 * assert.equal(chunk(2).length, 20_000);
 * ```
 */
export function encodeBlosc2Frame(data: Uint8Array, options: EncodeFrameOptions): Uint8Array<ArrayBuffer> {
  const { codec, level, typeSize, shuffle, chunkSize: wanted = 1 << 20 } = options;
  const chunkSize = Math.max(typeSize, wanted - (wanted % typeSize));
  if (!(chunkSize <= 2 ** 30))
    throw new RangeError(
      explain({
        api: "encodeBlosc2Frame",
        action: "compress",
        received: `got chunkSize ${wanted}`,
        rule: "must be at most 1 GiB",
      }),
    );
  checkOptions(data.subarray(0, chunkSize), options);
  const chunks: Uint8Array[] = [];
  const starts: bigint[] = [];
  let codedBytes = 0;
  for (let start = 0; start < data.length; start += chunkSize) {
    const chunk = encodeChunk(data.subarray(start, start + chunkSize), options, 2);
    chunks.push(chunk);
    starts.push(BigInt(codedBytes));
    codedBytes += chunk.length;
  }
  if (starts.length > 0) {
    const index = new Uint8Array(BigInt64Array.from(starts).buffer);
    chunks.push(encodeChunk(index, { codec: "lz4", level: 5, typeSize: 8, shuffle: "byte" }, 2));
  }
  const headerSize = 0x61;
  const size = headerSize + chunks.reduce((sum, { length }) => sum + length, 0) + trailer.length;
  const frame = new Uint8Array(size);
  const view = new DataView(frame.buffer);
  // MessagePack: an array of 14, of which the filters are eight bytes and eight more, and the last an array for metadata, empty here.
  frame.set([0x9e, 0xa8, ...new TextEncoder().encode(magic), 0xd2]);
  view.setInt32(at.headerSize, headerSize);
  frame[at.frameSize - 1] = 0xcf;
  view.setBigUint64(at.frameSize, BigInt(size));
  frame.set([0xa4, 0x12, 0, coderNumbers[codec] | (level << 4), 2, 0xd3], 0x18);
  view.setBigInt64(at.sizeBytes, BigInt(data.length));
  frame[at.codedBytes - 1] = 0xd3;
  view.setBigInt64(at.codedBytes, BigInt(codedBytes));
  const integers = [at.typeSize, 0x35, at.chunkSize] as const;
  [typeSize, 0, chunkSize].forEach((value, i) => {
    const offset = integers[i] as number;
    frame[offset - 1] = 0xd2;
    view.setInt32(offset, value);
  });
  frame.set([0xd1, 0, 1, 0xd1, 0, 1, 0xc2, 0xd8, 6], 0x3e);
  frame.set([shuffle === "byte" ? 1 : shuffle === "bit" ? 2 : 0, coderNumbers[codec]], 0x4c);
  frame.set([0x93, 0xcd, 0, 7, 0xde, 0, 0, 0xdc, 0, 0], 0x57);
  let end = headerSize;
  for (const chunk of chunks) {
    frame.set(chunk, end);
    end += chunk.length;
  }
  frame.set(trailer, end);
  return frame;
}

/** Metadata of variable length (none), the trailer's own length, and no fingerprint. */
const trailer = [
  0x94,
  1,
  0x93,
  0xcd,
  0,
  6,
  0xde,
  0,
  0,
  0xdc,
  0,
  0,
  0xce,
  0,
  0,
  0,
  35,
  0xd8,
  ...new Array<number>(17).fill(0),
];

/** The streams of one block: from the chunk into the kernels' memory. */

import { type Coder, chunkError } from "./_blosc-header.ts";
import type { BlockMemory } from "./_blosc-memory.ts";
import type { BlockCodecs } from "./block-codec.ts";

/** Where the streams of a block are and how they are coded. */
export interface StreamsOfBlock {
  readonly chunk: DataView;
  /** Byte of the chunk at which the first one's length stands. */
  readonly start: number;
  /** Byte of the chunk behind the last one. */
  readonly end: number;
  readonly coder: Coder;
  readonly codecs: BlockCodecs;
  /** Streams in the block; they have equal lengths. */
  readonly count: number;
  /** Bytes of the block. */
  readonly size: number;
  /** Whether lengths of 0 and less mean runs, as in Blosc2. */
  readonly runs: boolean;
}

/** Expands the streams of a block to `target`, an address in the kernels' memory. */
export function expandStreams(block: StreamsOfBlock, memory: BlockMemory, target: number): void {
  const { chunk, end, count, size, runs } = block;
  const { kernel } = memory;
  const each = Math.floor(size / count);
  let at = block.start;
  for (let i = 0; i < count; i++) {
    const to = target + i * each;
    if (at < 0 || at + 4 > end) throw chunkError(`a block starts at byte ${at} of ${end}`, "must be inside the chunk");
    const length = chunk.getInt32(at, true);
    at += 4;
    if (runs && length <= 0) {
      kernel.bytes(to, each).fill(length === 0 ? 0 : runValue(chunk, at, end, length));
      if (length < 0) at++;
      continue;
    }
    if (length <= 0 || length > each || at + length > end)
      throw chunkError(
        `a stream of ${each} bytes claims ${length} at byte ${at} of ${end}`,
        "must be no longer than what it holds, and inside the chunk",
      );
    const coded = new Uint8Array(chunk.buffer, chunk.byteOffset + at, length);
    at += length;
    if (length === each) kernel.bytes(to, each).set(coded);
    else expandStream(block, coded, memory, to, each);
  }
}

/** The byte that a run repeats: the negated length, told by bit 0 of the byte behind it. */
function runValue(chunk: DataView, at: number, end: number, length: number): number {
  if (at >= end || (chunk.getUint8(at) & 1) === 0 || length < -255)
    throw chunkError(`a stream has length ${length}`, "a negative one must tell a run of one byte");
  return -length;
}

function expandStream(block: StreamsOfBlock, coded: Uint8Array, memory: BlockMemory, to: number, size: number): void {
  const { kernel } = memory;
  const { functions } = kernel;
  switch (block.coder) {
    case "lz4":
    case "blosclz": {
      kernel.bytes(memory.coded, coded.length).set(coded);
      const expand = block.coder === "lz4" ? functions.lz4Decode : functions.blosclzDecode;
      if (expand(memory.coded, coded.length, to, size) === 0)
        throw chunkError(`a stream of ${coded.length} bytes is no ${block.coder}`, `must expand to ${size} bytes`);
      return;
    }
    case "zlib":
    case "zstd": {
      let plain: Uint8Array;
      try {
        plain = block.codecs[block.coder].decode(coded, size);
      } catch (cause) {
        const reason = (cause as Error).message;
        throw chunkError(`a stream of ${coded.length} bytes is no ${block.coder} (${reason})`, "must expand", cause);
      }
      if (plain.length !== size)
        throw chunkError(`a stream expands to ${plain.length} bytes`, `must expand to ${size}`);
      kernel.bytes(to, size).set(plain);
      return;
    }
    case "snappy":
      throw chunkError("it is coded with snappy", "must be blosclz, lz4, zlib or zstd");
  }
}

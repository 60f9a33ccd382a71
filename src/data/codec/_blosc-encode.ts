/** Chunks of either version: blocks through filter and coder, in the kernels' memory. */

import { filterOf, loadBlock } from "./_blosc-filters.ts";
import {
  coders,
  extendedHeaderSize,
  fewestElements,
  flagBits,
  headerSize,
  mostStreams,
  writeHeader,
} from "./_blosc-header.ts";
import { type BlockMemory, blockMemory } from "./_blosc-memory.ts";
import { freshBytes } from "./_fresh-bytes.ts";
import { type BlockCodecs, builtInCodecs } from "./block-codec.ts";
import type { EncodeBloscOptions } from "./blosc.ts";

/** Where chunks grow; kept, because fresh memory costs more than what is written to it. */
let draft = new Uint8Array(0);
const keptDraft = 32 << 20;

/**
 * Compresses bytes into a chunk.
 *
 * @param version - Of Blosc: their headers differ in length, and offsets of blocks are counted from the chunk's start in both.
 */
export function encodeChunk(data: Uint8Array, options: EncodeBloscOptions, version: 1 | 2): Uint8Array<ArrayBuffer> {
  const { codec, level, typeSize, shuffle, codecs = builtInCodecs } = options;
  const size = data.length;
  const head = version === 1 ? headerSize : extendedHeaderSize;
  const blockSize = blockSizeOf(size, typeSize, options.blockSize ?? 512 << 10);
  const split = codec !== "zstd" && typeSize <= mostStreams && Math.floor(blockSize / typeSize) >= fewestElements;
  const coder = codec === "lz4hc" ? "lz4" : codec;
  const flags = (split ? 0 : flagBits.unsplit) | (coders.indexOf(coder) << 5);
  // What does not get smaller is stored as it is.
  const limit = size + head;
  if (draft.length < limit) draft = new Uint8Array(limit);
  const target = draft;
  const view = new DataView(target.buffer);
  const memory = blockMemory(blockSize);
  let at = level === 0 || size < fewestElements ? limit : head + 4 * Math.ceil(size / blockSize);
  for (let start = 0; start < size && at < limit; start += blockSize) {
    view.setInt32(head + (4 * start) / blockSize, at, true);
    const blockBytes = Math.min(blockSize, size - start);
    const filter = version === 1 ? filterOf(shuffle, typeSize, blockBytes) : shuffle;
    loadBlock(memory, filter, data.subarray(start, start + blockBytes), typeSize);
    const count = split && blockBytes === blockSize ? typeSize : 1;
    const each = blockBytes / count;
    for (let i = 0; i < count && at < limit; i++) {
      const coded = encodeStream(memory, memory.filtered + i * each, each, codec, level, codecs);
      if (at + 4 + coded.length >= limit) at = limit;
      else {
        view.setInt32(at, coded.length, true);
        target.set(coded, at + 4);
        at += 4 + coded.length;
      }
    }
  }
  const chunk = freshBytes(at);
  if (at === limit) chunk.set(data, head);
  else chunk.set(target.subarray(head, at), head);
  if (target.length > keptDraft) draft = new Uint8Array(0);
  return writeHeader(chunk, {
    version,
    flags: at === limit ? flags | flagBits.plainCopy : flags,
    shuffle,
    typeSize,
    size,
    blockSize,
  });
}

/** A stream's compressed bytes, or its own where they are no fewer. Valid until the next call. */
function encodeStream(
  memory: BlockMemory,
  from: number,
  size: number,
  codec: EncodeBloscOptions["codec"],
  level: number,
  codecs: BlockCodecs,
): Uint8Array {
  const { kernel } = memory;
  const plain = kernel.bytes(from, size);
  if (codec === "lz4" || codec === "lz4hc") {
    const { lz4Encode, lz4Search } = kernel.functions;
    // The level is c-blosc's: the higher, the longer the search goes on where nothing repeats, or the more places it tries.
    const coded =
      codec === "lz4"
        ? lz4Encode(from, size, memory.coded, size - 1, 10 - level)
        : lz4Search(from, size, memory.coded, size - 1, 1 << level);
    return coded === 0 ? plain : kernel.bytes(memory.coded, coded);
  }
  const coded = codecs[codec].encode(plain, codec === "zstd" ? zstdLevelOf(level) : level);
  return coded.length < size ? coded : plain;
}

/** c-blosc's levels of zstd, whose highest is 22. */
const zstdLevelOf = (level: number): number => (level < 8 ? 2 * level - 1 : level === 8 ? 20 : 22);

/** A block is a multiple of eight elements, or all of them; c-blosc wants blocks of whole elements, and at least one byte. */
function blockSizeOf(size: number, typeSize: number, wanted: number): number {
  const unit = 8 * typeSize;
  const block = Math.max(unit, wanted - (wanted % unit));
  if (block <= size) return block;
  return size < typeSize ? Math.max(1, size) : size - (size % typeSize);
}

/** Chunks of Blosc2: a longer header with a pipeline of filters, chunks of one value, streams that are runs. */

import { unshuffleBlock } from "./_blosc-filters.ts";
import {
  type ChunkHeader,
  chunkError,
  extendedHeaderSize,
  flagBits,
  readBlocks,
  storedBytes,
} from "./_blosc-header.ts";
import { type BlockMemory, blockMemory } from "./_blosc-memory.ts";
import { expandStreams } from "./_blosc-streams.ts";
import type { BlockCodecs } from "./block-codec.ts";

/** Numbers of the filters. Truncated precision (4) needs no undoing. */
const filterIds = { none: 0, byte: 1, bit: 2, delta: 3, truncate: 4 } as const;

const both = flagBits.shuffle | flagBits.bitshuffle;

interface Filter {
  readonly id: number;
  readonly meta: number;
}

/**
 * Expands a chunk of Blosc2.
 *
 * @param chunk - Exactly the chunk.
 * @param header - Its first half, checked.
 * @param room - Gives memory for what it expands to.
 */
export function decodeBlosc2(
  chunk: Uint8Array,
  header: ChunkHeader,
  codecs: BlockCodecs,
  room: () => Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const { size, flags, codedSize } = header;
  if ((flags & both) !== both || codedSize < extendedHeaderSize)
    throw chunkError(`a chunk of format version ${header.version} has a short header`, "must have one of 32 bytes");
  const flags2 = chunk[31] as number;
  if ((flags2 & 0b1000_1001) !== 0 || ((chunk[30] as number) & 1) !== 0)
    throw chunkError("it needs a dictionary, a file or blocks of several lengths", "must be a chunk on its own");
  if (size === 0) return room();
  const special = (flags2 >> 4) & 7;
  if (special !== 0) return specialChunk(chunk, special, header.typeSize, room());
  if ((flags & flagBits.plainCopy) !== 0) {
    const stored = storedBytes(chunk, header, extendedHeaderSize);
    const output = room();
    output.set(stored);
    return output;
  }
  return decodeBlocks(chunk, header, codecs, room);
}

function decodeBlocks(
  chunk: Uint8Array,
  header: ChunkHeader,
  codecs: BlockCodecs,
  room: () => Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const { size, blockSize, typeSize, flags, codedSize } = header;
  const { coder, numBlocks, starts } = readBlocks(header, extendedHeaderSize, true);
  const filters = filtersOf(chunk);
  const view = new DataView(chunk.buffer, chunk.byteOffset, codedSize);
  const memory = blockMemory(blockSize);
  let output: Uint8Array<ArrayBuffer> | undefined;
  for (let i = 0; i < numBlocks; i++) {
    const bytes = Math.min(blockSize, size - i * blockSize);
    const start = view.getInt32(extendedHeaderSize + 4 * i, true);
    if (start < starts) throw chunkError(`block ${i} starts at byte ${start}`, "must start behind the list of blocks");
    const count = (flags & flagBits.unsplit) === 0 && bytes === blockSize ? typeSize : 1;
    if (count > bytes)
      throw chunkError(`a block of ${bytes} bytes claims ${count} streams`, "must have a byte for each");
    const block = { chunk: view, start, end: codedSize, coder, codecs, count, size: bytes, runs: true };
    expandStreams(block, memory, memory.filtered);
    const at = unfilter(memory, filters, bytes, typeSize);
    output ??= room();
    output.set(memory.kernel.bytes(at, bytes), i * blockSize);
    if (filters.some(({ id }) => id === filterIds.delta)) undoDelta(output, i * blockSize, bytes, typeSize);
  }
  return output as Uint8Array<ArrayBuffer>;
}

/** The filters that were applied, in order. */
function filtersOf(chunk: Uint8Array): Filter[] {
  const filters = Array.from({ length: 6 }, (_, i) => ({ id: chunk[16 + i] as number, meta: chunk[24 + i] as number }));
  const applied = filters.filter(({ id }) => id !== filterIds.none && id !== filterIds.truncate);
  const unknown = applied.find(({ id }) => id > filterIds.truncate);
  if (unknown !== undefined) throw chunkError(`it went through filter ${unknown.id}`, "must need no plug-in");
  // c-blosc2 takes differences to the first block as the user gave it, so only there they can be undone.
  if (applied.some(({ id }, i) => id === filterIds.delta && i > 0))
    throw chunkError("it took differences of filtered blocks", "the delta filter must come first");
  return applied;
}

/** Undoes all filters but delta, from `filtered`. Returns where the block is. */
function unfilter(memory: BlockMemory, filters: readonly Filter[], size: number, typeSize: number): number {
  let [from, to] = [memory.filtered, memory.plain];
  for (const { id, meta } of filters.toReversed()) {
    if (id === filterIds.delta) continue;
    const kind = id === filterIds.byte ? "byte" : "bit";
    unshuffleBlock(memory, kind, from, to, size, kind === "byte" && meta > 0 ? meta : typeSize);
    [from, to] = [to, from];
  }
  return from;
}

/** Undoes exclusive-ors: of the first block with the element before, of others with the first block. */
function undoDelta(output: Uint8Array<ArrayBuffer>, start: number, size: number, typeSize: number): void {
  const width = [1, 2, 4, 8].includes(typeSize) ? typeSize : typeSize % 8 === 0 ? 8 : 1;
  const end = start + size - (size % width);
  const distance = start === 0 ? width : start;
  for (let at = distance; at < end; at++) output[at] = (output[at] as number) ^ (output[at - distance] as number);
}

/** A chunk of one value. */
function specialChunk(
  chunk: Uint8Array,
  special: number,
  typeSize: number,
  output: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const size = output.length;
  if (special === 1 || special === 4) return output.fill(0);
  let value: Uint8Array;
  if (special === 2 && (typeSize === 4 || typeSize === 8))
    value = new Uint8Array((typeSize === 4 ? Float32Array : Float64Array).of(Number.NaN).buffer);
  else if (special === 3 && chunk.length > extendedHeaderSize) value = chunk.subarray(extendedHeaderSize);
  else throw chunkError(`it claims special values of kind ${special}`, "must be zeros, NaN or one value");
  if (size % value.length !== 0)
    throw chunkError(`it repeats ${value.length} bytes over ${size}`, "must repeat them whole");
  output.set(value);
  for (let done = value.length; done < size; done *= 2) output.copyWithin(done, 0, Math.min(done, size - done));
  return output;
}

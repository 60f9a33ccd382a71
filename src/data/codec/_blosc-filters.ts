/** Filters between the host's bytes and the kernels' memory, and within it. */

import type { BlockMemory } from "./_blosc-memory.ts";

/** `"byte"` and `"bit"` are Blosc's shuffle and bit shuffle. */
export type Shuffle = "none" | "byte" | "bit";

/** Bytes that go in and out at once: what lies between them and the planes of a block then leaves the cache to these. */
const piece = 32 << 10;

/** Elements that a shuffle covers: of bits, a multiple of eight. What stands behind them is copied. */
function elementsOf(kind: "byte" | "bit", size: number, typeSize: number): number {
  const elements = Math.floor(size / typeSize);
  return kind === "bit" ? elements - (elements % 8) : elements;
}

/** What a block of Blosc1 is put through: bit shuffle leaves blocks alone whose number of elements is no multiple of 8. */
export function filterOf(shuffle: Shuffle, typeSize: number, blockBytes: number): Shuffle {
  if (shuffle === "byte") return typeSize > 1 ? "byte" : "none";
  const elements = Math.floor(blockBytes / typeSize);
  return shuffle === "bit" && elements > 0 && elements % 8 === 0 ? "bit" : "none";
}

/** Brings a block into `memory.filtered`, shuffled. */
export function loadBlock(memory: BlockMemory, kind: Shuffle, block: Uint8Array, typeSize: number): void {
  const { kernel, plain, filtered, scratch } = memory;
  const size = block.length;
  if (kind === "none") {
    kernel.bytes(filtered, size).set(block);
    return;
  }
  const count = elementsOf(kind, size, typeSize);
  const covered = count * typeSize;
  if (kind === "bit") {
    kernel.bytes(plain, covered).set(block.subarray(0, covered));
    kernel.functions.bitshuffle(plain, filtered, count, typeSize, scratch);
  } else {
    const step = pieceOf(typeSize);
    for (let start = 0; start < count; start += step) {
      const end = Math.min(count, start + step);
      kernel.bytes(plain, (end - start) * typeSize).set(block.subarray(start * typeSize, end * typeSize));
      kernel.functions.shuffle(plain, filtered, count, typeSize, start, end);
    }
  }
  kernel.bytes(filtered + covered, size - covered).set(block.subarray(covered));
}

/** Takes a block from `memory.filtered` to `output`, unshuffled. */
export function storeBlock(memory: BlockMemory, kind: Shuffle, output: Uint8Array, typeSize: number): void {
  const { kernel, plain, filtered, scratch } = memory;
  const size = output.length;
  if (kind === "none") {
    output.set(kernel.bytes(filtered, size));
    return;
  }
  const count = elementsOf(kind, size, typeSize);
  const covered = count * typeSize;
  if (kind === "bit") {
    kernel.functions.bitunshuffle(filtered, plain, count, typeSize, scratch);
    output.set(kernel.bytes(plain, covered));
  } else {
    const step = pieceOf(typeSize);
    for (let start = 0; start < count; start += step) {
      const end = Math.min(count, start + step);
      kernel.functions.unshuffle(filtered, plain, count, typeSize, start, end);
      output.set(kernel.bytes(plain, (end - start) * typeSize), start * typeSize);
    }
  }
  output.set(kernel.bytes(filtered + covered, size - covered), covered);
}

/** Elements of a piece, a multiple of the sixteen that a vector of bytes holds. */
const pieceOf = (typeSize: number): number => Math.max(16, Math.floor(piece / typeSize / 16) * 16);

/** Unshuffles `size` bytes at address `from` to address `to`: a step of several. */
export function unshuffleBlock(
  memory: BlockMemory,
  kind: "byte" | "bit",
  from: number,
  to: number,
  size: number,
  typeSize: number,
): void {
  const { kernel, scratch } = memory;
  const count = elementsOf(kind, size, typeSize);
  const covered = count * typeSize;
  if (kind === "byte") kernel.functions.unshuffle(from, to, count, typeSize, 0, count);
  else kernel.functions.bitunshuffle(from, to, count, typeSize, scratch);
  kernel.bytes(to + covered, size - covered).set(kernel.bytes(from + covered, size - covered));
}

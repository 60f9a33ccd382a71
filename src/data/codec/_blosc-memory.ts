/** The kernels of Blosc with the buffers of one block. */

import { wasm } from "../kernels/blosc-wasm.ts";
import { Kernel } from "../kernels/kernel.ts";

interface Functions {
  shuffle(src: number, dst: number, count: number, typeSize: number, start: number, end: number): void;
  unshuffle(src: number, dst: number, count: number, typeSize: number, start: number, end: number): void;
  bitshuffle(src: number, dst: number, count: number, typeSize: number, scratch: number): void;
  bitunshuffle(src: number, dst: number, count: number, typeSize: number, scratch: number): void;
  lz4Encode(src: number, size: number, dst: number, capacity: number, acceleration: number): number;
  lz4Search(src: number, size: number, dst: number, capacity: number, attempts: number): number;
  lz4Decode(src: number, size: number, dst: number, capacity: number): number;
  blosclzDecode(src: number, size: number, dst: number, capacity: number): number;
}

/** Bytes behind each buffer that the kernels may touch (`slack` in `kernels/_copy.ts`). */
const slack = 64;
/** Largest block for which memory is kept from call to call; WebAssembly's memory never shrinks. */
const keptBlock = 8 << 20;

/** Memory of one block: where it is plain, where it is filtered, where it is compressed, and a fourth buffer of bit shuffle. */
export interface BlockMemory {
  readonly kernel: Kernel<Functions>;
  readonly plain: number;
  readonly filtered: number;
  readonly coded: number;
  readonly scratch: number;
}

let kept: BlockMemory | undefined;
let keptSize = 0;

/**
 * Reserves memory for blocks of a size; valid until the next call.
 *
 * @param blockSize - [bytes].
 */
export function blockMemory(blockSize: number): BlockMemory {
  if (kept !== undefined && blockSize <= keptSize) return kept;
  const keep = blockSize <= keptBlock;
  const kernel = (keep ? kept?.kernel : undefined) ?? new Kernel<Functions>(wasm);
  kernel.reset();
  const [plain = 0, filtered = 0, coded = 0, scratch = 0] = Array.from({ length: 4 }, () =>
    kernel.reserve(blockSize + slack),
  );
  const memory = { kernel, plain, filtered, coded, scratch };
  if (keep) {
    kept = memory;
    keptSize = blockSize;
  }
  return memory;
}

/** The kernels for integers, with room for one array and its smaller form. */

import { Kernel } from "../kernels/kernel.ts";
import { wasm } from "../kernels/numbers-wasm.ts";

interface Functions {
  range(src: number, count: number, kind: number, out: number): void;
  shift(src: number, count: number, kind: number, base: bigint, width: number, dst: number): void;
  differences(src: number, count: number, width: number, dst: number): void;
  sums(src: number, count: number, width: number, dst: number): void;
  xor(src: number, count: number, width: number, dst: number): void;
  unxor(src: number, count: number, width: number, dst: number): void;
}

/** Largest array for which memory is kept from call to call [bytes]. */
const keptSize = 32 << 20;

/** Where two arrays of up to the size asked for have room. */
export interface NumberMemory {
  readonly kernel: Kernel<Functions>;
  readonly wide: number;
  readonly narrow: number;
}

let kept: Kernel<Functions> | undefined;

/** Reserves room for two arrays; valid until the next call. */
export function numberMemory(sizeBytes: number): NumberMemory {
  const kernel = kept ?? new Kernel<Functions>(wasm);
  kept = sizeBytes <= keptSize ? kernel : undefined;
  kernel.reset();
  const wide = kernel.reserve(sizeBytes + 16);
  return { kernel, wide, narrow: kernel.reserve(sizeBytes + 16) };
}

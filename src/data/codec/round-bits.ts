/** Floats with fewer bits of mantissa: what is dropped compresses to nothing. */

import { explain } from "../../base/errors.ts";
import { Kernel } from "../kernels/kernel.ts";
import { wasm } from "../kernels/lossy-wasm.ts";

/** Floats of one of the two sizes. */
export type Floats = Float32Array | Float64Array;

interface Functions {
  roundBits32(at: number, count: number, keep: number): void;
  roundBits64(at: number, count: number, keep: number): void;
}

let kernel: Kernel<Functions> | undefined;
/** Elements that the kernel rounds at once. */
const piece = 1 << 16;

/** Bits of mantissa that floats have. */
export const mantissaBits = (values: Floats): number => (values instanceof Float32Array ? 23 : 52);

/**
 * Rounds floats to the nearest that has `keepBits` bits of mantissa, ties to even.
 *
 * The relative error of a normal number is at most 2^−(keepBits + 1). Zeros, subnormals, infinities and NaN are kept bit by bit. To
 * choose the bits by what they say, see {@link informationBits}.
 *
 * @param values - Left as they are.
 * @param keepBits - [0, 23] of float32, [0, 52] of float64.
 * @returns The rounded values.
 * @throws RangeError if `keepBits` is out of range.
 * @source Klöwer, Razinger, Dominguez, Düben and Palmer, "Compressing atmospheric data into its real information content", 2021,
 * https://doi.org/10.1038/s43588-021-00156-2, section "Round-to-nearest".
 *
 * @example Three bits of mantissa
 * ```ts
 * import assert from "node:assert/strict";
 * import { roundBits } from "cameo/data/codec";
 *
 * assert.deepEqual([...roundBits(Float32Array.of(1.3, -9.7, 1e6), 3)], [1.25, -10, 983_040]);
 * ```
 */
export function roundBits<Data extends Floats>(values: Data, keepBits: number): Data {
  const most = mantissaBits(values);
  if (!Number.isInteger(keepBits) || keepBits < 0 || keepBits > most)
    throw new RangeError(
      explain({
        api: "roundBits",
        action: `round ${values.constructor.name}`,
        received: `got keepBits ${keepBits}`,
        rule: `must be an integer in [0, ${most}]`,
      }),
    );
  const rounded = values.slice() as Data;
  if (keepBits === most) return rounded;
  kernel ??= new Kernel<Functions>(wasm);
  kernel.reset();
  const at = kernel.reserve(piece * 8);
  const bytes = new Uint8Array(rounded.buffer);
  const step = piece * values.BYTES_PER_ELEMENT;
  for (let start = 0; start < bytes.length; start += step) {
    const part = bytes.subarray(start, start + step);
    kernel.bytes(at, part.length).set(part);
    const count = part.length / values.BYTES_PER_ELEMENT;
    if (most === 23) kernel.functions.roundBits32(at, count, keepBits);
    else kernel.functions.roundBits64(at, count, keepBits);
    part.set(kernel.bytes(at, part.length));
  }
  return rounded;
}

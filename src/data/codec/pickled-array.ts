/** Arrays as `blosc.pack_array` of python-blosc saves them: a pickle in a chunk. */

import { CodecError, explain, messageOf } from "../../base/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { readNpy } from "../source/npy.ts";
import { readPickledArray } from "./_pickle.ts";
import { type DecodeBloscOptions, decodeBlosc } from "./blosc.ts";

/**
 * Reads an array that Python saved with `blosc.pack_array`.
 *
 * Pickles are programs. This one is not run: a reader that knows the eighteen instructions and four names of which NumPy's arrays are made
 * refuses everything else, objects and text among it. Still, call it only where you expect such files; save arrays as Zarr, `.npy` or
 * packs instead.
 *
 * @param chunk - What `pack_array` returned.
 * @param options - See {@link DecodeBloscOptions}.
 * @returns The array, in row-major order.
 * @throws CodecError if it is damaged, or anything but an array of numbers.
 *
 * @example Anything else is refused
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodePickledArray, encodeBlosc } from "cameo/data/codec";
 *
 * const pickle = new TextEncoder().encode("cos\nsystem\n(S'echo hello'\ntR.");
 * const chunk = encodeBlosc(pickle, { codec: "lz4", level: 5, typeSize: 1, shuffle: "none" });
 * await assert.rejects(decodePickledArray(chunk), /the name "os system", only NumPy's arrays are made; nothing is run/);
 * ```
 */
export async function decodePickledArray(chunk: Uint8Array, options: DecodeBloscOptions = {}): Promise<Tensor> {
  const { descr, shape, isFortran, bytes } = readPickledArray(decodeBlosc(chunk, options));
  // A header of NumPy's own format before the bytes: one reader knows byte orders and axes.
  const list = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${descr}', 'fortran_order': ${isFortran ? "True" : "False"}, 'shape': (${list}), }`;
  const header = new TextEncoder().encode(`${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`);
  const npy = new Uint8Array(10 + header.length + bytes.length);
  npy.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, header.length & 255, header.length >> 8]);
  npy.set(header, 10);
  npy.set(bytes, 10 + header.length);
  try {
    return await readNpy(npy);
  } catch (cause) {
    throw new CodecError(
      "pickle",
      explain({
        api: "decodePickledArray",
        action: `read an array of ${descr}`,
        received: messageOf(cause),
        rule: "must be whole",
      }),
      { cause },
    );
  }
}

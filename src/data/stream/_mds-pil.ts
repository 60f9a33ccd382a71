/** Raw pixels as MDS keeps images of the Python imaging library. */

import { arrayTypeOf, type DType, sizeBytesOf } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Cell } from "../table.ts";
import { isTensor, mismatch } from "./_mds-value.ts";
import { FaultError } from "./fault-error.ts";

/** Bytes of a pixel by mode of the Python imaging library. */
const pilModes: Readonly<Record<string, readonly [dtype: DType, channels: number]>> = {
  L: ["uint8", 1],
  P: ["uint8", 1],
  LA: ["uint8", 2],
  RGB: ["uint8", 3],
  YCbCr: ["uint8", 3],
  HSV: ["uint8", 3],
  LAB: ["uint8", 3],
  RGBA: ["uint8", 4],
  RGBX: ["uint8", 4],
  CMYK: ["uint8", 4],
  I: ["int32", 1],
  F: ["float32", 1],
  "I;16": ["uint16", 1],
};

/** Raw pixels `[height, width, channels]`: width, height, length of the mode, the mode, then rows. */
export function decodePil(bytes: Uint8Array<ArrayBuffer>): Tensor {
  if (bytes.length < 12) throw new FaultError("truncated", "an image ends inside of its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height, modeSize] = [view.getUint32(0, true), view.getUint32(4, true), view.getUint32(8, true)];
  const mode = new TextDecoder("latin1").decode(bytes.subarray(12, Math.min(12 + modeSize, 12 + 16)));
  const [dtype, channels] = pilModes[mode] ?? [];
  if (dtype === undefined || channels === undefined)
    throw new FaultError("decode", `raw image of mode ${JSON.stringify(mode)}, which Cameo does not read`);
  const data = bytes.slice(12 + modeSize);
  if (width === 0 || height === 0 || data.length !== sizeBytesOf(dtype, width * height * channels))
    throw new FaultError("image-size", `raw image of ${width}×${height} ${mode} in ${data.length} bytes`);
  return { dtype, shape: [height, width, channels], data: new (arrayTypeOf(dtype))(data.buffer) };
}

/** The same for grey, RGB and RGBA pixels [height, width, channels], uint8. */
export function encodePil(value: Cell): Uint8Array {
  const channels = isTensor(value) && value.dtype === "uint8" && value.shape.length === 3 ? value.shape[2] : undefined;
  const mode = [undefined, "L", "LA", "RGB", "RGBA"][channels ?? 0];
  if (!isTensor(value) || mode === undefined) throw mismatch("pil", value);
  const [height = 0, width = 0] = value.shape;
  const data = value.data as Uint8Array;
  const bytes = new Uint8Array(12 + mode.length + data.length);
  const view = new DataView(bytes.buffer);
  for (const [i, number] of [width, height, mode.length].entries()) view.setUint32(4 * i, number, true);
  bytes.set(new TextEncoder().encode(mode), 12);
  bytes.set(data, 12 + mode.length);
  return bytes;
}

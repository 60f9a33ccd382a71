/** From one number of channels to another, and from 8 bits to 16. */

import type { PixelArray } from "../image.ts";

/** A copy with as many channels as asked: grey, RGB or RGBA. Alpha is dropped, or added opaque; colour becomes luma. */
export function withChannels<Data extends PixelArray>(data: Data, from: number, to: 1 | 3 | 4): Data {
  const count = data.length / from;
  const opaque = data instanceof Uint8Array ? 255 : 65535;
  const result = new (data.constructor as new (length: number) => Data)(count * to);
  const isGrey = from < 3;
  for (let pixel = 0; pixel < count; pixel++) {
    const source = pixel * from;
    const target = pixel * to;
    const red = data[source] as number;
    const green = isGrey ? red : (data[source + 1] as number);
    const blue = isGrey ? red : (data[source + 2] as number);
    if (to === 1) {
      result[target] = isGrey ? red : luma(red, green, blue);
      continue;
    }
    result[target] = red;
    result[target + 1] = green;
    result[target + 2] = blue;
    if (to === 4) result[target + 3] = from === 2 ? (data[source + 1] as number) : opaque;
  }
  return result;
}

/** ITU-R BT.601 luma in 16-bit fixed point: the weights and the rounding of Pillow's `convert("L")`. */
function luma(red: number, green: number, blue: number): number {
  return Math.floor((red * 19595 + green * 38470 + blue * 7471 + 32768) / 65536);
}

/** 8-bit values spread over 16 bits, 255 to 65535. */
export function widen(data: Uint8Array): Uint16Array {
  return Uint16Array.from(data, (value) => value * 257);
}

/** RGB to luma and colour differences and back: JFIF's BT.601 in 16-bit fixed point, as the Independent JPEG Group's library does it. */

import type { Image } from "../../image.ts";
import type { Plane } from "./_jpeg-plane.ts";

const fix = (value: number): number => Math.floor(value * 65536 + 0.5);
const half = 32768;

/** Luma, blue difference and red difference of an RGB image. */
export function toPlanes({ data, width, height, channels }: Image<Uint8Array>): [Plane, Plane, Plane] {
  const [y, cb, cr] = [0, 1, 2].map(() => new Uint8Array(width * height)) as [Uint8Array, Uint8Array, Uint8Array];
  const [yr, yg, yb] = [fix(0.299), fix(0.587), fix(0.114)];
  const [br, bg, rg, rb, whole] = [fix(0.16874), fix(0.33126), fix(0.41869), fix(0.08131), fix(0.5)];
  const offset = (128 << 16) + half - 1;
  for (let pixel = 0, i = 0; pixel < y.length; pixel++, i += channels) {
    const red = data[i] as number;
    const green = data[i + 1] as number;
    const blue = data[i + 2] as number;
    y[pixel] = (yr * red + yg * green + yb * blue + half) >> 16;
    cb[pixel] = (whole * blue - br * red - bg * green + offset) >> 16;
    cr[pixel] = (whole * red - rg * green - rb * blue + offset) >> 16;
  }
  return [
    { data: y, width, height },
    { data: cb, width, height },
    { data: cr, width, height },
  ];
}

/** Writes the planes into the first three channels of pixels. */
export function fromPlanes(
  [y, cb, cr]: readonly [Plane, Plane, Plane],
  output: Uint8ClampedArray,
  channels: number,
): void {
  const [rr, gr, gb, bb] = [fix(1.402), fix(0.71414), fix(0.34414), fix(1.772)];
  for (let pixel = 0, i = 0; pixel < y.data.length; pixel++, i += channels) {
    const luma = y.data[pixel] as number;
    const blue = (cb.data[pixel] as number) - 128;
    const red = (cr.data[pixel] as number) - 128;
    output[i] = luma + ((rr * red + half) >> 16);
    output[i + 1] = luma + ((half - gr * red - gb * blue) >> 16);
    output[i + 2] = luma + ((bb * blue + half) >> 16);
  }
}

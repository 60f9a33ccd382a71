/** Pixels on the host. */

import { explain, ShapeError } from "../base/errors.ts";

/** Element types of an image. */
export type PixelArray = Uint8Array | Uint16Array | Float32Array;

/**
 * Pixels in rows from the top, channels innermost (HWC): the value of channel `c` at column `x` of row `y` is
 * `data[(y * width + x) * channels + c]`.
 *
 * Coordinates are continuous and the edges of pixels are integers: the image covers [0, width] × [0, height], the centre of the first
 * pixel is (0.5, 0.5), y grows downwards.
 */
export interface Image<Data extends PixelArray = PixelArray> {
  readonly data: Data;
  readonly width: number;
  readonly height: number;
  /** 1 grey, 3 RGB, 4 RGBA; others are possible. */
  readonly channels: number;
}

/**
 * Puts pixels and their size together.
 *
 * @param data - Pixels, used without a copy.
 * @param width - Columns.
 * @param height - Rows.
 * @param channels - Values per pixel.
 * @returns The image.
 * @throws ShapeError if the lengths do not fit.
 */
export function image<Data extends PixelArray>(
  data: Data,
  width: number,
  height: number,
  channels: number,
): Image<Data> {
  const wrong = [width, height, channels].some((length) => !Number.isInteger(length) || length < 1);
  if (wrong || data.length !== width * height * channels)
    throw new ShapeError(
      explain({
        api: "image",
        action: `make an image of ${width}×${height} with ${channels} channels`,
        received: `got ${data.length} values`,
        rule: "needs positive integers, and width · height · channels values",
      }),
    );
  return { data, width, height, channels };
}

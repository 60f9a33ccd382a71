/** Means of squares around each value. */

import type { Image, PixelArray } from "../image.ts";
import { convolveSeparable } from "./convolve.ts";
import { borderCodes, useImageKernel } from "./image-kernel.ts";

/**
 * The mean of `size` × `size` values of the same channel, mirrored at the border without repeating the edge.
 *
 * @param image - Left as it is.
 * @param size - Odd, above 1.
 */
export function mean(image: Image<PixelArray>, size: number): Image<PixelArray> {
  const { data, width, height, channels } = image;
  if (data instanceof Uint8Array && size <= 15) return { data: meanOfBytes(image, size), width, height, channels };
  // Ones first: sums of integers are exact, and one division rounds.
  return convolveSeparable(image, new Float32Array(size).fill(1), new Float32Array(size).fill(1 / (size * size)));
}

function meanOfBytes({ data, width, height, channels }: Image, size: number): PixelArray {
  const margin = (size - 1) / 2;
  const rowBytes = (width + 2 * margin) * channels;
  return useImageKernel((kernel) => {
    const source = kernel.put(data);
    const padded = kernel.reserve(rowBytes * (height + 2 * margin) + 16);
    const sums = kernel.reserve(2 * rowBytes + 64);
    const target = kernel.reserve(data.length + 16);
    kernel.functions.padAround(source, width, height, channels, margin, borderCodes.reflect, padded);
    kernel.functions.boxBytes(padded, rowBytes, channels, size, width * channels, height, target, sums);
    return kernel.take(data, target, data.length);
  });
}

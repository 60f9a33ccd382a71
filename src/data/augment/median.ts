/** Medians of squares around each value. */

import type { Image, PixelArray } from "../image.ts";
import { borderCodes, typeCode, useImageKernel } from "./image-kernel.ts";

/**
 * The median of `size` × `size` values of the same channel, the edge repeated.
 *
 * @param image - Left as it is.
 * @param size - Odd, above 1.
 */
export function median<Data extends PixelArray>(image: Image<Data>, size: number): Image<Data> {
  const { data, width, height, channels } = image;
  const margin = (size - 1) / 2;
  const pixelBytes = channels * data.BYTES_PER_ELEMENT;
  const rowBytes = (width + 2 * margin) * pixelBytes;
  const kind = typeCode(data);
  const medians = useImageKernel((kernel) => {
    const source = kernel.put(data);
    const padded = kernel.reserve(rowBytes * (height + 2 * margin) + 16);
    const window = kernel.reserve(16 * size * size);
    const target = kernel.reserve(data.byteLength + 16);
    kernel.functions.padAround(source, width, height, pixelBytes, margin, borderCodes.edge, padded);
    kernel.functions.median(padded, rowBytes, pixelBytes, size, width * pixelBytes, height, target, window, kind);
    return kernel.take(data, target, data.length);
  });
  return { data: medians, width, height, channels };
}

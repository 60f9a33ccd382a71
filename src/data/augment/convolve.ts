/** Linear filters of images. */

import type { Image, PixelArray } from "../image.ts";
import { borderCodes, type ImageKernel, typeCode, useImageKernel } from "./image-kernel.ts";

/** A filter by rows: `weights[y * width + x]`, odd in both directions. */
export interface Filter {
  readonly weights: Float32Array;
  readonly width: number;
  readonly height: number;
  /** Added to each sum. @defaultValue 0 */
  readonly bias?: number;
}

/** Filters one direction after the other. */
export function convolveSeparable<Data extends PixelArray>(
  image: Image<Data>,
  x: Float32Array,
  y: Float32Array,
): Image<Data> {
  const filters = [
    { weights: x, width: x.length, height: 1 },
    { weights: y, width: 1, height: y.length },
  ];
  return convolveAll(image, filters);
}

/**
 * Filters an image: each value becomes the weighted sum of its neighbours, mirrored at the border without repeating the edge. Integers
 * are rounded half to even and saturated.
 */
export function convolve<Data extends PixelArray>(image: Image<Data>, filter: Filter): Image<Data> {
  return convolveAll(image, [filter]);
}

function convolveAll<Data extends PixelArray>(image: Image<Data>, filters: readonly Filter[]): Image<Data> {
  const { data, width, height, channels } = image;
  const kind = typeCode(data);
  const filtered = useImageKernel((kernel) => {
    const source = kernel.put(data);
    const target = kernel.reserve(data.byteLength + 16);
    let last = source;
    for (const [i, filter] of filters.entries()) last = pass(kernel, last, i === 0 ? kind : 2, image, filter);
    if (kind === 2) return kernel.take(data, last, data.length);
    kernel.functions.storeIntegers(last, data.length, kind, target);
    return kernel.take(data, target, data.length);
  });
  return { data: filtered, width, height, channels };
}

/** One filter; returns the address of float32 values. */
function pass(kernel: ImageKernel, from: number, kind: number, image: Image, filter: Filter): number {
  const { width, height, channels } = image;
  const [radiusX, radiusY] = [(filter.width - 1) / 2, (filter.height - 1) / 2];
  const rowFloats = (width + 2 * radiusX) * channels;
  const offsets: number[] = [];
  const weights: number[] = [];
  for (const [i, weight] of filter.weights.entries()) {
    if (weight === 0) continue;
    offsets.push(4 * (Math.floor(i / filter.width) * rowFloats + (i % filter.width) * channels));
    weights.push(weight);
  }
  const offsetsAt = kernel.put(Int32Array.from(offsets));
  const weightsAt = kernel.put(Float32Array.from(weights));
  const padded = kernel.reserve(4 * rowFloats * (height + 2 * radiusY) + 16);
  const target = kernel.reserve(4 * width * height * channels + 32);
  kernel.functions.padFloats(from, kind, width, height, channels, radiusX, radiusY, borderCodes.reflect, padded);
  const length = width * channels;
  kernel.functions.filter(
    padded,
    4 * rowFloats,
    offsetsAt,
    weightsAt,
    weights.length,
    filter.bias ?? 0,
    target,
    length,
    height,
  );
  return target;
}

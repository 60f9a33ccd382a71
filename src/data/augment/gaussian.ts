/** Gaussian smoothing with the kernels and the arithmetic of OpenCV 4. */

import type { Image, PixelArray } from "../image.ts";
import { convolveSeparable } from "./convolve.ts";
import { borderCodes, useImageKernel } from "./image-kernel.ts";

/** Weights of a Gaussian at `size` (odd) places, adding up to 1. */
export function gaussianWeights(size: number, sigma: number): Float64Array {
  const weights = Float64Array.from({ length: size }, (_, i) =>
    Math.exp((-0.5 / sigma ** 2) * (i - (size - 1) / 2) ** 2),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/**
 * The same as whole numbers of 1/`one`, adding up to it exactly: rounded from the outside in, with each error carried to the next
 * weight, and the middle takes what is left.
 */
export function gaussianIntegers(size: number, sigma: number, one: number): Int32Array {
  const weights = gaussianWeights(size, sigma);
  const integers = new Int32Array(size);
  const radius = (size - 1) / 2;
  let error = 0;
  let sum = 0;
  for (let i = 0; i < radius; i++) {
    const exact = (weights[i] as number) * one + error;
    const rounded = roundHalfEven(exact);
    error = exact - rounded;
    integers[i] = rounded;
    integers[size - 1 - i] = rounded;
    sum += rounded;
  }
  integers[radius] = one - 2 * sum;
  return integers;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * Smooths an image with a Gaussian, mirrored at the border without repeating the edge. Bytes and uint16 come out as from OpenCV 4, bit
 * for bit; float32 within rounding.
 *
 * @param image - Left as it is.
 * @param size - Places of the kernel, odd.
 * @param sigma - Standard deviation [pixels], > 0.
 */
export function gaussianBlur<Data extends PixelArray>(image: Image<Data>, size: number, sigma: number): Image<Data> {
  const { data, width, height, channels } = image;
  if (data instanceof Float32Array) {
    const weights = Float32Array.from(gaussianWeights(size, sigma));
    return convolveSeparable(image, weights, weights);
  }
  const isBytes = data instanceof Uint8Array;
  const radius = (size - 1) / 2;
  const blurred = useImageKernel((kernel) => {
    const { gaussianBytes, gaussianScratch, gaussianWords } = kernel.functions;
    const source = kernel.put(data);
    const weights = kernel.put(gaussianIntegers(size, sigma, isBytes ? 256 : 65536));
    const scratch = kernel.reserve(isBytes ? gaussianScratch(width * channels, channels, radius) : 4 * data.length);
    const target = kernel.reserve(data.byteLength + 16);
    const blur = isBytes ? gaussianBytes : gaussianWords;
    blur(source, width, height, channels, radius, weights, borderCodes.reflect, target, scratch);
    return kernel.take(data, target, data.length);
  });
  return { data: blurred, width, height, channels };
}

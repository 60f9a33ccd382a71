/** Images under a map: the value at each output pixel is interpolated where the map says it comes from. */

import type { PixelArray } from "../image.ts";
import { borderCodes, typeCode, useImageKernel } from "./image-kernel.ts";
import { isAffine, mapPoint } from "./matrix.ts";
import type { Raster } from "./move-scene.ts";
import type { Matrix, Resample } from "./transform.ts";

/**
 * Arithmetic of resampling. `"exact"` finds positions to 1/16384 of a pixel and interpolates with the weights of that; `"opencv4"` gives
 * the bytes of OpenCV 4 (and with it imgaug 0.4.0), which rounds positions to 1/32 of a pixel.
 */
export type Profile = "exact" | "opencv4";

const interpolations = ["nearest", "linear", "cubic"] as const;
const kinds = { affine: 0, projective: 1, field: 2 } as const;

/** Where the pixels of an output come from. */
type Map =
  | { readonly kind: "affine" | "projective"; readonly values: Float64Array }
  | { readonly kind: "field"; readonly values: Float32Array };

/** What comes out. */
interface Output {
  readonly width: number;
  readonly height: number;
  readonly resample: Resample;
  readonly profile: Profile;
}

/**
 * Resamples a raster with a matrix.
 *
 * @param raster - Left as it is. Int32 is only taken with `"nearest"`.
 * @param back - Takes the number of an output pixel (column, row) to that of an input pixel, both counted at their centres.
 * @param output - Size, interpolation and arithmetic.
 */
export function warp<Data extends PixelArray | Int32Array>(
  raster: Raster<Data>,
  back: Matrix,
  output: Output,
): Raster<Data> {
  const kind = isAffine(back) ? "affine" : "projective";
  return resampled(raster, { kind, values: Float64Array.from(back) }, reachOf(raster, back, output), output);
}

/**
 * Resamples a raster with a field: `sources` has the position of each output pixel in the continuous coordinates of the input, x and y
 * interleaved.
 */
export function remap<Data extends PixelArray | Int32Array>(
  raster: Raster<Data>,
  sources: Float32Array,
  output: Output,
): Raster<Data> {
  return resampled(raster, { kind: "field", values: sources }, 16, output);
}

/** How far the output's corners lie outside of the input [pixels]: that much border is laid out beforehand. */
function reachOf(raster: Raster, back: Matrix, { width, height }: Output): number {
  const corners = [
    [0, 0],
    [width, 0],
    [0, height],
    [width, height],
  ] as const;
  const far = corners.map(([u, v]) => {
    const [x, y] = mapPoint(back, u, v);
    return Math.max(-x, -y, x - raster.width, y - raster.height);
  });
  return Math.ceil(Math.max(0, ...far.filter(Number.isFinite)));
}

function resampled<Data extends PixelArray | Int32Array>(
  raster: Raster<Data>,
  map: Map,
  reach: number,
  output: Output,
): Raster<Data> {
  const { resample, width, height } = output;
  const data =
    resample.interpolation === "nearest" ? nearest(raster, map, output) : interpolated(raster, map, reach, output);
  return { data, width, height, channels: raster.channels };
}

/** OpenCV computes projective maps in blocks of this width, and starts each anew. */
function blockOf(width: number, height: number): number {
  return Math.min(Math.floor(4096 / Math.min(32, height)), width);
}

function nearest<Data extends PixelArray | Int32Array>(raster: Raster<Data>, map: Map, output: Output): Data {
  const { data, channels } = raster;
  const { width, height, resample, profile } = output;
  const pixelBytes = data.BYTES_PER_ELEMENT * channels;
  return useImageKernel((kernel) => {
    const source = kernel.put(data);
    const fill = kernel.put(filled(data, channels, resample.fill));
    const values = kernel.put(map.values);
    const scratch = kernel.reserve(16 * (width + 4));
    const target = kernel.reserve(width * height * pixelBytes + 16);
    const { useMap, warpNearest } = kernel.functions;
    useMap(kinds[map.kind], values, width, 1, profile === "exact" ? 1 : 0, blockOf(width, height), scratch);
    const border = borderCodes[resample.border];
    warpNearest(source, raster.width, raster.height, pixelBytes, border, fill, target, width, height);
    return kernel.take(data, target, width * height * channels);
  });
}

/** An array like `data`, of equal values that its type can hold. */
function filled<Data extends PixelArray | Int32Array>(data: Data, length: number, value: number): Data {
  const out = new (data.constructor as new (length: number) => Data)(length);
  return out.fill(saturated(data, value)) as Data;
}

function saturated(data: PixelArray | Int32Array, value: number): number {
  if (data instanceof Float32Array || data instanceof Int32Array) return value;
  return Math.min(2 ** (8 * data.BYTES_PER_ELEMENT) - 1, Math.max(0, Math.round(value)));
}

function interpolated<Data extends PixelArray | Int32Array>(
  raster: Raster<Data>,
  map: Map,
  reach: number,
  output: Output,
): Data {
  const { data, channels } = raster;
  const { width, height, resample, profile } = output;
  const kind = typeCode(data);
  const isBytes = kind === 0;
  const border = borderCodes[resample.border];
  // Bicubic taps of a constant border need three pixels; what lies beyond the margin of another is looked up, slowly.
  const margin = isBytes ? (resample.border === "constant" ? 3 : Math.min(reach + 3, 128)) : 0;
  const pixelBytes = isBytes ? 4 : 16;
  const paddedPixels = (raster.width + 2 * margin) * (raster.height + 2 * margin);
  return useImageKernel((kernel) => {
    const source = kernel.put(data);
    const value = saturated(data, resample.fill);
    const fill = kernel.put(isBytes ? new Uint8Array(4).fill(value) : new Float32Array(4).fill(value));
    const patch = kernel.reserve(16 * pixelBytes);
    const values = kernel.put(map.values);
    const scratch = kernel.reserve(16 * (width + 4));
    const padded = kernel.reserve(paddedPixels * pixelBytes + 16);
    const target = kernel.reserve(width * height * channels * data.BYTES_PER_ELEMENT + 16);
    const { padBytes, spreadFloats, useSource, useMap, warp } = kernel.functions;
    useSource(padded, raster.width, raster.height, margin, border, pixelBytes, fill, patch);
    useMap(kinds[map.kind], values, width, 0, profile === "exact" ? 1 : 0, blockOf(width, height), scratch);
    const interpolation = interpolations.indexOf(resample.interpolation);
    for (let first = 0; first < channels; first += 4) {
      const taken = Math.min(4, channels - first);
      const at = first * data.BYTES_PER_ELEMENT;
      if (isBytes)
        padBytes(source + at, raster.width, raster.height, channels, taken, padded, margin, border, value * 0x01010101);
      else spreadFloats(source + at, raster.width * raster.height, channels, taken, padded, kind === 2 ? 1 : 0);
      warp(interpolation, kind, margin, target + at, width, height, channels, taken);
    }
    return kernel.take(data, target, width * height * channels);
  });
}

/** Images at another size. */

import type { PixelArray } from "../image.ts";
import { typeCode, useImageKernel } from "./image-kernel.ts";
import type { Raster } from "./move-scene.ts";

/** How a new size is computed: `"area"` averages what an output pixel covers where it shrinks, and is linear where it grows. */
export type ResizeInterpolation = "nearest" | "linear" | "cubic" | "area";

/** For each output element of an axis: first tap, number of taps, and their weights, `most` apart. */
interface Axis {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly weights: Float32Array;
  readonly most: number;
}

/** Taps and weights of one output element, possibly outside of the axis. */
type Taps = readonly (readonly [index: number, weight: number])[];

function linearTaps(x: number, scale: number): Taps {
  const position = (x + 0.5) * scale - 0.5;
  const left = Math.floor(position);
  return [
    [left, 1 - (position - left)],
    [left + 1, position - left],
  ];
}

/** Keys's cubic with a = -0.75, as in OpenCV. */
function cubicTaps(x: number, scale: number): Taps {
  const a = -0.75;
  const position = (x + 0.5) * scale - 0.5;
  const left = Math.floor(position);
  const near = (t: number): number => ((a + 2) * t - (a + 3)) * t * t + 1;
  const far = (t: number): number => ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
  const t = position - left;
  return [
    [left - 1, far(1 + t)],
    [left, near(t)],
    [left + 1, near(1 - t)],
    [left + 2, far(2 - t)],
  ];
}

/** The share of each input element in what an output element covers. */
function areaTaps(x: number, scale: number): Taps {
  const [start, end] = [x * scale, (x + 1) * scale];
  const taps: [number, number][] = [];
  for (let i = Math.floor(start); i < end - 1e-9; i++)
    taps.push([i, (Math.min(end, i + 1) - Math.max(start, i)) / scale]);
  return taps;
}

/** The last axes that were made: data sets come in few sizes. */
const axes = new Map<string, Axis>();

function axisOf(length: number, newLength: number, interpolation: ResizeInterpolation): Axis {
  const key = `${length} ${newLength} ${interpolation}`;
  const known = axes.get(key);
  if (known !== undefined) return known;
  if (axes.size >= 64) axes.clear();
  const axis = makeAxis(length, newLength, interpolation);
  axes.set(key, axis);
  return axis;
}

function makeAxis(length: number, newLength: number, interpolation: ResizeInterpolation): Axis {
  const scale = length / newLength;
  const tapsOf = interpolation === "cubic" ? cubicTaps : interpolation === "area" && scale > 1 ? areaTaps : linearTaps;
  const all = Array.from({ length: newLength }, (_, x) => {
    const weights = new Map<number, number>();
    for (const [index, weight] of tapsOf(x, scale)) {
      const inside = Math.min(length - 1, Math.max(0, index));
      weights.set(inside, (weights.get(inside) ?? 0) + weight);
    }
    return [...weights];
  });
  const most = Math.max(...all.map((taps) => taps.length));
  const weights = new Float32Array(most * newLength);
  for (const [x, taps] of all.entries()) for (const [k, [, weight]] of taps.entries()) weights[x * most + k] = weight;
  const starts = Int32Array.from(all, (taps) => (taps[0] as [number, number])[0]);
  return { starts, counts: Int32Array.from(all, (taps) => taps.length), weights, most };
}

/**
 * Resizes a raster.
 *
 * @param raster - Left as it is. Int32 is only taken with `"nearest"`.
 * @param width - Of the output.
 * @param height - Of the output.
 * @param interpolation - See {@link ResizeInterpolation}.
 */
export function resize<Data extends PixelArray | Int32Array>(
  raster: Raster<Data>,
  width: number,
  height: number,
  interpolation: ResizeInterpolation,
): Raster<Data> {
  const { data, channels } = raster;
  if (interpolation === "nearest") return { data: nearest(raster, width, height), width, height, channels };
  const [x, y] = [axisOf(raster.width, width, interpolation), axisOf(raster.height, height, interpolation)];
  const kind = typeCode(data);
  const resized = useImageKernel((kernel) => {
    const source = kernel.put(data);
    const put = (axis: Axis): [number, number, number] => [
      kernel.put(axis.starts),
      kernel.put(axis.counts),
      kernel.put(axis.weights),
    ];
    const [tapsX, tapsY] = [put(x), put(y)];
    const row = kernel.reserve(16 * (raster.width + 4));
    const pixel = kernel.reserve(16);
    const between = kernel.reserve(16 * (width * raster.height + 4));
    const target = kernel.reserve(width * height * channels * data.BYTES_PER_ELEMENT + 16);
    const { resizeX, resizeY } = kernel.functions;
    for (let first = 0; first < channels; first += 4) {
      const take = Math.min(4, channels - first);
      const at = first * data.BYTES_PER_ELEMENT;
      resizeX(source + at, kind, raster.width, raster.height, channels, take, width, ...tapsX, x.most, row, between);
      resizeY(between, width, height, ...tapsY, y.most, target + at, kind, channels, take, pixel);
    }
    return kernel.take(data, target, width * height * channels);
  });
  return { data: resized, width, height, channels };
}

/** The pixel whose area holds the centre of the output pixel, in the 1/65536 of OpenCV's INTER_NEAREST_EXACT, which decides ties. */
function nearest<Data extends PixelArray | Int32Array>(raster: Raster<Data>, width: number, height: number): Data {
  const { data, channels } = raster;
  const out = new (data.constructor as new (length: number) => Data)(width * height * channels);
  const index = (x: number, length: number, newLength: number): number => {
    const step = Math.floor((length * 65536 + Math.floor(newLength / 2)) / newLength);
    return Math.min(length - 1, Math.max(0, Math.floor((step * x + Math.floor(step / 2) - (length % 2)) / 65536)));
  };
  const columns = Array.from({ length: width }, (_, x) => index(x, raster.width, width) * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = index(y, raster.height, height) * raster.width * channels;
    for (const column of columns) for (let k = 0; k < channels; k++) out[to++] = data[row + column + k] as number;
  }
  return out;
}

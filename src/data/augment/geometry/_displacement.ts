/** Maps given by how far the source of each output pixel is from it. */

import type { Image } from "../../image.ts";
import type { Field } from "../field-move.ts";
import { resize } from "../resize.ts";
import type { Frame, Resample } from "../transform.ts";

/** Displacements [pixels], x and y interleaved. */
export type Displacement = Image<Float32Array>;

/** Writes the displacement at a point into `out`, which is used again. */
export type Displace = (x: number, y: number, out: Float64Array) => void;

/** The displacement of each pixel, from a formula of its centre. */
export function displacementOf({ width, height }: Pick<Frame, "width" | "height">, displace: Displace): Displacement {
  const data = new Float32Array(2 * width * height);
  const out = new Float64Array(2);
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      displace(x + 0.5, y + 0.5, out);
      data[to++] = out[0] as number;
      data[to++] = out[1] as number;
    }
  return { data, width, height, channels: 2 };
}

/** The field of a displacement that may be given at a lower resolution. */
export function fieldOf(
  displacement: Displacement,
  { width, height }: Pick<Frame, "width" | "height">,
  resample: Resample,
): Field {
  const isFull = displacement.width === width && displacement.height === height;
  const sources = isFull ? displacement.data.slice() : resize(displacement, width, height, "cubic").data;
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i += 2) {
      sources[i] = (sources[i] as number) + x + 0.5;
      sources[i + 1] = (sources[i + 1] as number) + y + 0.5;
    }
  return { sources, width, height, resample, forward: forwardOf(sources, width, height) };
}

/**
 * How points move: the inverse of "where pixels come from", found by p ← p + (point − source of p), which converges where the
 * displacement changes by less than a pixel per pixel.
 */
function forwardOf(sources: Float32Array, width: number, height: number): Field["forward"] {
  /** Displacement at a point; beyond the outermost centres it stays what it is there. */
  const at = (x: number, y: number, k: 0 | 1): number => {
    const u = Math.min(width - 1, Math.max(0, x - 0.5));
    const v = Math.min(height - 1, Math.max(0, y - 0.5));
    const [u0, v0] = [Math.floor(u), Math.floor(v)];
    const [u1, v1] = [Math.min(width - 1, u0 + 1), Math.min(height - 1, v0 + 1)];
    const value = (i: number, j: number): number =>
      (sources[2 * (j * width + i) + k] as number) - (k === 0 ? i : j) - 0.5;
    const top = value(u0, v0) + (value(u1, v0) - value(u0, v0)) * (u - u0);
    const bottom = value(u0, v1) + (value(u1, v1) - value(u0, v1)) * (u - u0);
    return top + (bottom - top) * (v - v0);
  };
  return (x, y) => {
    let [px, py] = [x, y];
    for (let step = 0; step < 50; step++) {
      const [ex, ey] = [x - px - at(px, py, 0), y - py - at(px, py, 1)];
      px += ex;
      py += ey;
      if (Math.abs(ex) + Math.abs(ey) < 1e-4) break;
    }
    return [px, py];
  };
}

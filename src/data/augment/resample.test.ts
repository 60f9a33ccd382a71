/** The exact profile against bilinear interpolation in float64. */

import { expect, test } from "vitest";
import type { Image } from "../image.ts";
import { inverse, mapPoint } from "./matrix.ts";
import { remap, warp } from "./resample.ts";
import type { Matrix, Resample } from "./transform.ts";
import { pixelTypes, sampleImage } from "./transforms.contract.ts";

/** Index that a border stands for; undefined for a constant. Walks, where the kernel computes. */
function reflected(i: number, length: number, border: Resample["border"]): number | undefined {
  if (i >= 0 && i < length) return i;
  if (border === "constant") return undefined;
  if (border === "edge") return i < 0 ? 0 : length - 1;
  if (border === "wrap") return reflected(i < 0 ? i + length : i - length, length, border);
  if (length === 1) return 0;
  const skip = border === "reflect" ? 1 : 0;
  return reflected(i < 0 ? -i - 1 + skip : 2 * length - 1 - i - skip, length, border);
}

function bilinear(
  image: Image,
  x: number,
  y: number,
  channel: number,
  border: Resample["border"],
  fill: number,
): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  let sum = 0;
  for (const [v, weightY] of [
    [top, 1 - (y - top)],
    [top + 1, y - top],
  ] as const)
    for (const [u, weightX] of [
      [left, 1 - (x - left)],
      [left + 1, x - left],
    ] as const) {
      const [column, row] = [reflected(u, image.width, border), reflected(v, image.height, border)];
      const isOutside = column === undefined || row === undefined;
      const value = isOutside ? fill : (image.data[(row * image.width + column) * image.channels + channel] as number);
      sum += value * weightX * weightY;
    }
  return sum;
}

const affine: Matrix = [0.83, -0.41, 9.3, 0.37, 0.9, -6.2, 0, 0, 1];
const projective: Matrix = [1.1, 0.2, -7.5, -0.15, 0.93, 4.25, 0.0021, -0.0017, 1];
const far: Matrix = [0.02, 0, 17, 0, 0.03, 11, 0, 0, 1];
const size = { width: 37, height: 29 };

test.each(pixelTypes)("exact, %s: every border and number of channels, near and far", (type) => {
  for (const [i, border] of (["constant", "edge", "symmetric", "reflect", "wrap"] as const).entries())
    for (const [j, matrix] of [affine, projective, far].entries()) {
      const channels = [1, 3, 4, 2, 5][(i + j) % 5] as number;
      const image = sampleImage(31, 23, channels, type);
      const fill = type === "float32" ? 0.5 : 40;
      const back = inverse(matrix) as Matrix;
      const resample = { interpolation: "linear", border, fill } as const;
      const sources = new Float32Array(2 * size.width * size.height);
      const results = [warp(image, back, { ...size, resample, profile: "exact" }).data];
      for (let k = 0; k < size.width * size.height; k++) {
        const [x, y] = mapPoint(back, k % size.width, Math.floor(k / size.width));
        sources.set([x + 0.5, y + 0.5], 2 * k);
      }
      results.push(remap(image, sources, { ...size, resample, profile: "exact" }).data);
      // A position is off by 1/16384 at most in each of two roundings; neighbours differ by a half of the range at most.
      const range = type === "float32" ? 1 : type === "uint8" ? 255 : 65535;
      const limit = (type === "float32" ? 0 : 0.5) + range / 4096;
      let worst = 0;
      for (const data of results)
        for (let k = 0; k < data.length; k++) {
          const pixel = Math.floor(k / channels);
          const [x, y] = mapPoint(back, pixel % size.width, Math.floor(pixel / size.width));
          worst = Math.max(worst, Math.abs((data[k] as number) - bilinear(image, x, y, k % channels, border, fill)));
        }
      expect(worst, `${border} ${matrix}`).toBeLessThan(limit);
    }
});

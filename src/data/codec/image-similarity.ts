/** How near two images are: PSNR and SSIM. */

import { explain, ShapeError } from "../../base/errors.ts";
import type { Image } from "../image.ts";

/** Fails unless the images have one size. */
function checkSizes(api: string, one: Image, two: Image): void {
  if (one.width === two.width && one.height === two.height && one.channels === two.channels) return;
  const [a, b] = [one, two].map(({ width, height, channels }) => `${width}×${height}×${channels}`);
  throw new ShapeError(
    explain({ api, action: "compare images", received: `got ${a} and ${b}`, rule: "must have one size" }),
  );
}

/**
 * Peak signal-to-noise ratio of two 8-bit images over all channels.
 *
 * @param one - Any size.
 * @param two - The same size.
 * @returns [dB]; infinity for equal images. About 40 is hard to see, below 30 is not.
 * @throws ShapeError if the sizes differ.
 *
 * @example Off by one everywhere
 * ```ts
 * import assert from "node:assert/strict";
 * import { image } from "cameo/data";
 * import { psnr } from "cameo/data/codec";
 *
 * const [a, b] = [image(Uint8Array.of(1, 2), 2, 1, 1), image(Uint8Array.of(2, 3), 2, 1, 1)];
 * assert.equal(psnr(a, b).toFixed(2), "48.13");
 * ```
 */
export function psnr(one: Image<Uint8Array>, two: Image<Uint8Array>): number {
  checkSizes("psnr", one, two);
  let sum = 0;
  for (let i = 0; i < one.data.length; i++) sum += ((one.data[i] as number) - (two.data[i] as number)) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / one.data.length));
}

const radius = 5;
const sigma = 1.5;
/** Side of the window, below which there is no SSIM. */
const side = 2 * radius + 1;

const weights = ((): readonly number[] => {
  const raw = Array.from({ length: side }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)));
  const sum = raw.reduce((total, weight) => total + weight);
  return raw.map((weight) => weight / sum);
})();

/** Gaussian mean of a plane around every pixel whose window lies inside of it. */
function windowMeans(plane: Float64Array, width: number, height: number): Float64Array {
  const columns = width - side + 1;
  const rows = height - side + 1;
  const across = new Float64Array(columns * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      for (let k = 0; k < side; k++) sum += (weights[k] as number) * (plane[y * width + x + k] as number);
      across[y * columns + x] = sum;
    }
  const means = new Float64Array(columns * rows);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      for (let k = 0; k < side; k++) sum += (weights[k] as number) * (across[(y + k) * columns + x] as number);
      means[y * columns + x] = sum;
    }
  return means;
}

/**
 * Structural similarity of two 8-bit images: the mean over windows and channels.
 *
 * ```text
 * SSIM = (2·µ₁·µ₂ + C₁)(2·σ₁₂ + C₂) / ((µ₁² + µ₂² + C₁)(σ₁² + σ₂² + C₂)),   C₁ = (0.01·255)², C₂ = (0.03·255)²
 * ```
 *
 * with Gaussian windows of 11×11, σ 1.5, over the positions where they fit: what scikit-image computes with `gaussian_weights=True, sigma=1.5,
 * use_sample_covariance=False`.
 *
 * @param one - At least 11×11.
 * @param two - The same size.
 * @returns At most 1, which is equality.
 * @throws ShapeError if the sizes differ, or a side is shorter than 11.
 * @source Wang, Bovik, Sheikh and Simoncelli, "Image Quality Assessment: From Error Visibility to Structural Similarity", 2004,
 * https://doi.org/10.1109/TIP.2003.819861, eq. 13.
 *
 * @example An image is like itself
 * ```ts
 * import assert from "node:assert/strict";
 * import { image } from "cameo/data";
 * import { ssim } from "cameo/data/codec";
 *
 * const grey = image(Uint8Array.from({ length: 256 }, (_, i) => i), 16, 16, 1);
 * assert.equal(ssim(grey, grey), 1);
 * ```
 */
export function ssim(one: Image<Uint8Array>, two: Image<Uint8Array>): number {
  checkSizes("ssim", one, two);
  const { width, height, channels } = one;
  if (width < side || height < side)
    throw new ShapeError(
      explain({
        api: "ssim",
        action: "compare images",
        received: `got ${width}×${height}`,
        rule: `needs ${side}×${side}`,
      }),
    );
  const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
  let total = 0;
  for (let channel = 0; channel < channels; channel++) {
    const a = Float64Array.from({ length: width * height }, (_, i) => one.data[i * channels + channel] as number);
    const b = Float64Array.from({ length: width * height }, (_, i) => two.data[i * channels + channel] as number);
    const mean = (plane: Float64Array): Float64Array => windowMeans(plane, width, height);
    const [meanA, meanB] = [mean(a), mean(b)];
    const squareA = mean(a.map((value) => value * value));
    const squareB = mean(b.map((value) => value * value));
    const product = mean(a.map((value, i) => value * (b[i] as number)));
    let sum = 0;
    for (let i = 0; i < meanA.length; i++) {
      const [u, v] = [meanA[i] as number, meanB[i] as number];
      const covariance = (product[i] as number) - u * v;
      const variances = (squareA[i] as number) - u * u + (squareB[i] as number) - v * v;
      sum += ((2 * u * v + c1) * (2 * covariance + c2)) / ((u * u + v * v + c1) * (variances + c2));
    }
    total += sum / meanA.length;
  }
  return total / channels;
}

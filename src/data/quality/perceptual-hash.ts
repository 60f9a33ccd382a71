/** Hashes of images that change little when the image does. */

import type { Image } from "../image.ts";

/** Two hashes of 64 bits each, as four uint32: pHash, then dHash, high halves first. */
export type PerceptualHash = readonly [number, number, number, number];

/**
 * Hashes an image by what it shows: its low frequencies (pHash) and where it gets brighter from left to right (dHash).
 *
 * Scaling, compression, and small changes of brightness flip few bits. Flips and rotations change the hashes altogether; crops do by how
 * much they take. Near-uniform images have hashes that say little: their bits are noise.
 *
 * @param image - Pixels of any size; colour is reduced to luma, alpha is left out.
 * @returns Both hashes.
 * @source Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, section 3.2.1, with the median of 64 coefficients as in
 * ImageHash; Krawetz, "Kind of Like That", 2013, https://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html.
 *
 * @example A brighter copy
 * ```ts
 * import assert from "node:assert/strict";
 * import { image } from "cameo/data";
 * import { hammingDistance, perceptualHash } from "cameo/data/quality";
 *
 * const pixels = Uint8Array.from({ length: 64 * 64 }, (_, i) => ((i % 64) * (i >> 6)) % 200);
 * const a = perceptualHash(image(pixels, 64, 64, 1));
 * const b = perceptualHash(image(pixels.map((value) => value + 20), 64, 64, 1));
 * assert.ok(hammingDistance(a, b) <= 4);
 * ```
 */
export function perceptualHash(image: Image): PerceptualHash {
  return [...discreteCosineHash(shrink(image, 32, 32)), ...differenceHash(shrink(image, 9, 8))];
}

/**
 * The bits in which two hashes differ: the larger of the distances of their two halves.
 *
 * @param a - Hash of one image.
 * @param b - Hash of another.
 * @returns [0, 64]; images of the same picture are usually within 4, different ones beyond 20.
 */
export function hammingDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const bits = (i: number): number => countOnes((a[i] as number) ^ (b[i] as number));
  return Math.max(bits(0) + bits(1), bits(2) + bits(3));
}

/** Number of bits of `word` that are set. */
export function countOnes(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Mean luma of each cell of a grid; pixels on a cell's edge count by the part within. */
function shrink({ data, width, height, channels }: Image, columns: number, rows: number): Float64Array {
  const luma = (at: number): number =>
    channels < 3
      ? (data[at] as number)
      : 0.299 * (data[at] as number) + 0.587 * (data[at + 1] as number) + 0.114 * (data[at + 2] as number);
  // Along rows first, then down: the area of a cell is a product.
  const narrow = new Float64Array(height * columns);
  const across = cells(width, columns);
  for (let y = 0; y < height; y++)
    for (const { cell, pixel, share } of across) {
      const at = y * columns + cell;
      narrow[at] = (narrow[at] as number) + share * luma((y * width + pixel) * channels);
    }
  const small = new Float64Array(rows * columns);
  for (const { cell, pixel, share } of cells(height, rows))
    for (let x = 0; x < columns; x++) {
      const at = cell * columns + x;
      small[at] = (small[at] as number) + share * (narrow[pixel * columns + x] as number);
    }
  return small;
}

/** Which pixels lie in which cells of an axis, and which share of the cell each fills. */
function cells(pixels: number, count: number): { cell: number; pixel: number; share: number }[] {
  const size = pixels / count;
  return Array.from({ length: count }, (_, cell) => {
    const [from, to] = [cell * size, (cell + 1) * size];
    const first = Math.floor(from);
    return Array.from({ length: Math.min(pixels, Math.ceil(to - 1e-9)) - first }, (_, i) => ({
      cell,
      pixel: first + i,
      share: (Math.min(to, first + i + 1) - Math.max(from, first + i)) / size,
    }));
  }).flat();
}

/** cos(π (2x + 1) u / 64) for u < 8, x < 32. */
const cosines = Float64Array.from({ length: 8 * 32 }, (_, i) =>
  Math.cos((Math.PI * (2 * (i % 32) + 1) * Math.floor(i / 32)) / 64),
);

function discreteCosineHash(grey: Float64Array): [number, number] {
  const half = new Float64Array(32 * 8); // row y, frequency u
  for (let y = 0; y < 32; y++)
    for (let u = 0; u < 8; u++)
      for (let x = 0; x < 32; x++)
        half[y * 8 + u] = (half[y * 8 + u] as number) + (grey[y * 32 + x] as number) * (cosines[u * 32 + x] as number);
  const low = new Float64Array(64);
  for (let v = 0; v < 8; v++)
    for (let u = 0; u < 8; u++)
      for (let y = 0; y < 32; y++)
        low[v * 8 + u] = (low[v * 8 + u] as number) + (half[y * 8 + u] as number) * (cosines[v * 32 + y] as number);
  const sorted = low.toSorted();
  const median = ((sorted[31] as number) + (sorted[32] as number)) / 2;
  return pack((i) => (low[i] as number) > median);
}

function differenceHash(grey: Float64Array): [number, number] {
  return pack((i) => {
    const at = Math.floor(i / 8) * 9 + (i % 8);
    return (grey[at + 1] as number) > (grey[at] as number);
  });
}

function pack(isSet: (bit: number) => boolean): [number, number] {
  const words: [number, number] = [0, 0];
  for (let i = 0; i < 64; i++) if (isSet(i)) words[i < 32 ? 0 : 1] |= 1 << (31 - (i % 32));
  return [words[0] >>> 0, words[1] >>> 0];
}

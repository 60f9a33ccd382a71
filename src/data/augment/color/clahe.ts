import { z } from "zod";
import type { Image } from "../../image.ts";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { roundHalfEven, throughBytes } from "../pixels.ts";
import type { Transform } from "../transform.ts";
import { mapLuma } from "./_histogram.ts";

interface Config {
  readonly clipLimit: Distribution;
  readonly tiles: number;
}

interface Params {
  readonly clipLimit: number;
  readonly tiles: number;
}

const { fround } = Math;

/** Index into n items that are continued by reflection without repeating the last. */
const reflected = (index: number, n: number): number => {
  if (n === 1) return 0;
  const period = 2 * (n - 1);
  const place = index % period;
  return place < n ? place : period - place;
};

/** The equalising table of one tile, its histogram clipped and what was clipped spread over all values. */
function tableOf(counts: Int32Array, area: number, clipLimit: number, table: Uint8Array): void {
  const limit = Math.max(Math.floor((clipLimit * area) / 256), 1);
  let clipped = 0;
  for (let value = 0; value < 256; value++) {
    const over = (counts[value] as number) - limit;
    if (over <= 0) continue;
    clipped += over;
    counts[value] = limit;
  }
  const each = Math.floor(clipped / 256);
  let rest = clipped - each * 256;
  for (let value = 0; value < 256; value++) (counts[value] as number) += each;
  const step = Math.max(Math.floor(256 / Math.max(rest, 1)), 1);
  for (let value = 0; value < 256 && rest > 0; value += step, rest--) (counts[value] as number)++;
  const scale = fround(255 / area);
  let sum = 0;
  for (let value = 0; value < 256; value++) {
    sum += counts[value] as number;
    table[value] = Math.min(roundHalfEven(fround(sum * scale)), 255);
  }
}

/** Neighbouring tiles of each column or row, and the weight of the second. */
function neighbours(
  length: number,
  size: number,
  tiles: number,
): { first: Int32Array; second: Int32Array; weight: Float32Array } {
  const first = new Int32Array(length);
  const second = new Int32Array(length);
  const weight = new Float32Array(length);
  const inverse = fround(1 / size);
  for (let i = 0; i < length; i++) {
    const place = fround(fround(i * inverse) - 0.5);
    const tile = Math.floor(place);
    weight[i] = fround(place - tile);
    first[i] = Math.max(tile, 0);
    second[i] = Math.min(tile + 1, tiles - 1);
  }
  return { first, second, weight };
}

/** Equalises one plane. */
function equalized(
  plane: Uint8Array,
  { width, height }: Pick<Image, "width" | "height">,
  clipLimit: number,
  tiles: number,
): Uint8Array {
  const fits = width % tiles === 0 && height % tiles === 0;
  const tileWidth = fits ? width / tiles : Math.floor(width / tiles) + 1;
  const tileHeight = fits ? height / tiles : Math.floor(height / tiles) + 1;
  const tables = new Uint8Array(tiles * tiles * 256);
  const counts = new Int32Array(256);
  const columns = new Int32Array(tiles * tileWidth).map((_, x) => reflected(x, width));
  for (let row = 0; row < tiles; row++)
    for (let column = 0; column < tiles; column++) {
      counts.fill(0);
      for (let y = row * tileHeight; y < (row + 1) * tileHeight; y++) {
        const start = reflected(y, height) * width;
        for (let x = column * tileWidth; x < (column + 1) * tileWidth; x++)
          (counts[plane[start + (columns[x] as number)] as number] as number)++;
      }
      const at = (row * tiles + column) * 256;
      tableOf(counts, tileWidth * tileHeight, clipLimit, tables.subarray(at, at + 256));
    }
  const across = neighbours(width, tileWidth, tiles);
  const down = neighbours(height, tileHeight, tiles);
  const output = new Uint8ClampedArray(plane.length);
  for (let y = 0, i = 0; y < height; y++) {
    const upper = (down.first[y] as number) * tiles;
    const lower = (down.second[y] as number) * tiles;
    const toLower = down.weight[y] as number;
    const toUpper = fround(1 - toLower);
    for (let x = 0; x < width; x++, i++) {
      const value = plane[i] as number;
      const left = across.first[x] as number;
      const right = across.second[x] as number;
      const toRight = across.weight[x] as number;
      const toLeft = fround(1 - toRight);
      const top =
        fround((tables[(upper + left) * 256 + value] as number) * toLeft) +
        fround((tables[(upper + right) * 256 + value] as number) * toRight);
      const bottom =
        fround((tables[(lower + left) * 256 + value] as number) * toLeft) +
        fround((tables[(lower + right) * 256 + value] as number) * toRight);
      // Writing rounds halves to the even integer, as OpenCV does.
      output[i] = fround(fround(fround(top) * toUpper) + fround(fround(bottom) * toLower));
    }
  }
  return new Uint8Array(output.buffer);
}

/**
 * Contrast-limited adaptive histogram equalisation: equalises by tiles, with histograms clipped at `clipLimit` times their mean height,
 * and blends neighbouring tiles. Of an RGB image it changes the luma. Other images than 8-bit ones are
 * rounded to 256 levels before.
 *
 * @source Zuiderveld, "Contrast Limited Adaptive Histogram Equalization", Graphics Gems IV, 1994; of a grey image, OpenCV 4.11's
 * `createCLAHE`, byte-equal.
 */
export const Clahe: Transform<Config, Params> = {
  name: "Clahe",
  version: 1,
  config: z.strictObject({
    clipLimit: real({ min: 0.1 }).default([1, 4]),
    tiles: z.int().min(1).max(64).default(8),
  }),
  sample: ({ clipLimit, tiles }, draw) => ({ clipLimit: drawReal(clipLimit, draw), tiles }),
  effect: {
    kind: "pixels",
    apply: (image, { clipLimit, tiles }) =>
      throughBytes(image, (bytes) => mapLuma(bytes, (plane) => equalized(plane, image, clipLimit, tiles))),
  },
};

/** Planes of a JPEG file: loss by blocks, and the half resolution of colour, as the Independent JPEG Group's library does it. */

import { loseBlock } from "./_jpeg-block.ts";

/** One component. */
export interface Plane {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Sends each 8×8 block of a plane through the codec; what a block needs beyond the edge repeats the edge. */
export function losePlane({ data, width, height }: Plane, steps: Uint8Array): Plane {
  const output = new Uint8ClampedArray(data.length);
  const block = new Int32Array(64);
  for (let top = 0; top < height; top += 8)
    for (let left = 0; left < width; left += 8) {
      for (let y = 0, i = 0; y < 8; y++) {
        const row = Math.min(top + y, height - 1) * width;
        for (let x = 0; x < 8; x++, i++) block[i] = (data[row + Math.min(left + x, width - 1)] as number) - 128;
      }
      loseBlock(block, steps);
      const [rows, columns] = [Math.min(8, height - top), Math.min(8, width - left)];
      for (let y = 0; y < rows; y++)
        for (let x = 0; x < columns; x++) output[(top + y) * width + left + x] = (block[y * 8 + x] as number) + 128;
    }
  return { data: new Uint8Array(output.buffer), width, height };
}

/**
 * Means of 2×2 pixels; the halves are rounded up and down by turns. The plane is as wide as whole blocks need, from the repeated last
 * column, because what lies beyond the edge shapes the block at the edge.
 */
export function halve({ data, width, height }: Plane): Plane {
  const halfWidth = Math.ceil(width / 16) * 8;
  const halfHeight = (height + 1) >> 1;
  const half = new Uint8Array(halfWidth * halfHeight);
  for (let y = 0, i = 0; y < halfHeight; y++) {
    const upper = 2 * y * width;
    const lower = Math.min(2 * y + 1, height - 1) * width;
    for (let x = 0; x < halfWidth; x++, i++) {
      const [left, right] = [Math.min(2 * x, width - 1), Math.min(2 * x + 1, width - 1)];
      const above = (data[upper + left] as number) + (data[upper + right] as number);
      const below = (data[lower + left] as number) + (data[lower + right] as number);
      half[i] = (above + below + 1 + (x & 1)) >> 2;
    }
  }
  return { data: half, width: halfWidth, height: halfHeight };
}

/** Back to full resolution with weights 3/4 and 1/4 in both directions; planes of one or two columns repeat their values. */
export function double(half: Plane, width: number, height: number): Plane {
  const data = new Uint8Array(width * height);
  const columns = (width + 1) >> 1;
  const sums = new Int32Array(columns);
  for (let y = 0; y < height; y++) {
    const own = (y >> 1) * half.width;
    const other = Math.min(Math.max((y >> 1) + (y % 2 === 0 ? -1 : 1), 0), half.height - 1) * half.width;
    if (columns <= 2) {
      for (let x = 0; x < width; x++) data[y * width + x] = half.data[own + (x >> 1)] as number;
      continue;
    }
    for (let x = 0; x < columns; x++) sums[x] = 3 * (half.data[own + x] as number) + (half.data[other + x] as number);
    for (let x = 0; x < width; x++) {
      const at = x >> 1;
      const next = Math.min(Math.max(at + (x % 2 === 0 ? -1 : 1), 0), columns - 1);
      data[y * width + x] = (3 * (sums[at] as number) + (sums[next] as number) + (x % 2 === 0 ? 8 : 7)) >> 4;
    }
  }
  return { data, width, height };
}

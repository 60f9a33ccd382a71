/** Means of squares of bytes. */

import { zero } from "./_lanes";

/** Takes a row of bytes into sums in uint16. */
function addRow(row: usize, sums: usize, length: i32): void {
  for (let i = 0; i < length; i += 8)
    v128.store(sums + i * 2, i16x8.add(v128.load(sums + i * 2), v128.load_ext<u8>(row + i)));
}

/** Takes one row into the sums and another out of them. */
function exchangeRows(come: usize, gone: usize, sums: usize, length: i32): void {
  for (let i = 0; i < length; i += 8) {
    const change = i16x8.sub(v128.load_ext<u8>(come + i), v128.load_ext<u8>(gone + i));
    v128.store(sums + i * 2, i16x8.add(v128.load(sums + i * 2), change));
  }
}

/** Small numbers to the nearest integer: beside 1.5 · 2^23, float32 has no room for a fraction. */
// @ts-ignore: decorator
@inline
function rounded(value: v128, magic: v128): v128 {
  return i32x4.sub(f32x4.add(value, magic), magic);
}

/**
 * The mean of `size` × `size` values of the same channel, rounded; `size` is odd and at most 15, so that sums fit uint16. The image was
 * padded by half of the size on all sides.
 *
 * @param rowBytes - Of a padded row.
 * @param length - Bytes of a row of the output. The target needs 16 bytes of room behind it.
 * @param sums - Room for 2 · `rowBytes` + 64 bytes.
 */
export function boxBytes(
  padded: usize,
  rowBytes: i32,
  channels: i32,
  size: i32,
  length: i32,
  height: i32,
  target: usize,
  sums: usize,
): void {
  const magic = f32x4.splat(12582912 + f32(zero));
  const share = f32x4.splat(<f32>1 / f32(size * size));
  memory.fill(sums, 0, 2 * rowBytes + 64);
  for (let y = 0; y < size; y++) addRow(padded + y * rowBytes, sums, rowBytes);
  for (let y = 0; y < height; y++, target += length) {
    if (y > 0) exchangeRows(padded + (y + size - 1) * rowBytes, padded + (y - 1) * rowBytes, sums, rowBytes);
    for (let i = 0; i < length; i += 8) {
      let sum = v128.load(sums + i * 2);
      for (let k = 1; k < size; k++) sum = i16x8.add(sum, v128.load(sums + (i + k * channels) * 2));
      const low = rounded(f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(sum)), share), magic);
      const high = rounded(f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(sum)), share), magic);
      const words = i16x8.narrow_i32x4_s(low, high);
      v128.store64_lane(target + i, i8x16.narrow_i16x8_u(words, words), 0);
    }
  }
}

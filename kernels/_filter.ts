/** Linear filters of any shape, in float32. */

import { borderIndex } from "./_border";

/**
 * Bytes (`kind` 0), uint16 (1) or float32 (2) as float32, with a border of `radiusX` pixels left and right and `radiusY` rows above and
 * below. Not a constant border.
 */
export function padFloats(
  source: usize,
  kind: i32,
  width: i32,
  height: i32,
  channels: i32,
  radiusX: i32,
  radiusY: i32,
  border: i32,
  target: usize,
): void {
  for (let y = -radiusY; y < height + radiusY; y++) {
    const row = borderIndex(y, height, border) * width;
    for (let x = -radiusX; x < width + radiusX; x++) {
      if (x == 0) {
        convert(source, row * channels, width * channels, kind, target);
        target += width * channels * 4;
        x = width - 1;
        continue;
      }
      const from = (row + borderIndex(x, width, border)) * channels;
      for (let k = 0; k < channels; k++, target += 4) {
        const at = from + k;
        if (kind == 0) store<f32>(target, f32(load<u8>(source + at)));
        else if (kind == 1) store<f32>(target, f32(load<u16>(source + at * 2)));
        else store<f32>(target, load<f32>(source + at * 4));
      }
    }
  }
}

/** `count` values from number `first` on as float32. May read and write 12 bytes too many. */
function convert(source: usize, first: i32, count: i32, kind: i32, target: usize): void {
  for (let i = 0; i < count; i += 4) {
    const at = first + i;
    if (kind == 2) v128.store(target + i * 4, v128.load(source + at * 4));
    else {
      const words = kind == 0 ? i16x8.extend_low_i8x16_u(v128.load32_zero(source + at)) : v128.load64_zero(source + at * 2);
      v128.store(target + i * 4, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(words)));
    }
  }
}

/**
 * Weighted sums of neighbours: value `i` of row `y` is `bias` plus the sum of weight k · padded[y · rowBytes + offset k + 4 i]. Reads and
 * writes up to 12 bytes too many.
 */
export function filter(
  padded: usize,
  rowBytes: i32,
  offsets: usize,
  weights: usize,
  taps: i32,
  bias: f32,
  target: usize,
  length: i32,
  height: i32,
): void {
  for (let y = 0; y < height; y++, padded += rowBytes, target += length * 4)
    for (let i = 0; i < length; i += 4) {
      let sum = f32x4.splat(bias);
      for (let k = 0; k < taps; k++) {
        const value = v128.load(padded + load<i32>(offsets + k * 4) + i * 4);
        sum = f32x4.add(sum, f32x4.mul(value, v128.load_splat<f32>(weights + k * 4)));
      }
      v128.store(target + i * 4, sum);
    }
}

/** Float32 to bytes (`kind` 0) or uint16 (1), rounded half to even and saturated. Writes up to 15 bytes too many. */
export function storeIntegers(source: usize, count: i32, kind: i32, target: usize): void {
  for (let i = 0; i < count; i += 8) {
    const low = i32x4.trunc_sat_f32x4_s(f32x4.nearest(v128.load(source + i * 4)));
    const high = i32x4.trunc_sat_f32x4_s(f32x4.nearest(v128.load(source + i * 4, 16)));
    if (kind == 1) v128.store(target + i * 2, i16x8.narrow_i32x4_u(low, high));
    else {
      const words = i16x8.narrow_i32x4_s(low, high);
      v128.store64_lane(target + i, i8x16.narrow_i16x8_u(words, words), 0);
    }
  }
}

/**
 * A symmetric separable filter of uint16 with weights in 1/65536, exact in between, as OpenCV 4 computes Gaussians. `between` has room
 * for an uint32 per value.
 */
export function gaussianWords(
  source: usize,
  width: i32,
  height: i32,
  channels: i32,
  radius: i32,
  weights: usize,
  border: i32,
  target: usize,
  between: usize,
): void {
  const length = width * channels;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let k = 0; k < channels; k++) {
        let sum: u32 = 0;
        for (let j = -radius; j <= radius; j++) {
          const at = y * length + borderIndex(x + j, width, border) * channels + k;
          sum += load<u32>(weights + (j + radius) * 4) * u32(load<u16>(source + at * 2));
        }
        store<u32>(between + (y * length + x * channels + k) * 4, sum);
      }
  for (let y = 0; y < height; y++)
    for (let i = 0; i < length; i++) {
      let sum: u64 = 0x80000000;
      for (let j = -radius; j <= radius; j++) {
        const at = borderIndex(y + j, height, border) * length + i;
        sum += u64(load<u32>(weights + (j + radius) * 4)) * u64(load<u32>(between + at * 4));
      }
      store<u16>(target + (y * length + i) * 2, u16(sum >> 32));
    }
}

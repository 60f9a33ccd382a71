/**
 * Images at another size: each axis has, for every output element, where its taps start, how many they are, and their weights in
 * float32, `most` of them apart. Pixels are four lanes of float32 in between.
 */

import { storeBytes } from "./_sample";

/** Four lanes of bytes as float32. */
// @ts-ignore: decorator
@inline
function storeLanes(words: v128, target: usize): void {
  v128.store(target, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(words)));
  v128.store(target, f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(words)), 16);
}

/** A row of `stride` values a pixel, of which `take` are wanted, as four float32 a pixel. May write three pixels too many. */
function spreadRow(source: usize, kind: i32, width: i32, stride: i32, take: i32, target: usize): void {
  if (kind == 0 && stride == take && take >= 3) {
    const spread = take == 4 ? i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) : i8x16(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
    for (let x = 0; x < width; x += 4) {
      const four = v128.swizzle(v128.load(source + x * take), spread);
      storeLanes(i16x8.extend_low_i8x16_u(four), target + x * 16);
      storeLanes(i16x8.extend_high_i8x16_u(four), target + x * 16 + 32);
    }
    return;
  }
  for (let x = 0; x < width; x++)
    for (let k = 0; k < take; k++) {
      const at = x * stride + k;
      const value = kind == 0 ? f32(load<u8>(source + at)) : kind == 1 ? f32(load<u16>(source + at * 2)) : load<f32>(source + at * 4);
      store<f32>(target + x * 16 + k * 4, value);
    }
}

/** The weighted sum of `count` pixels that are `step` bytes apart. */
// @ts-ignore: decorator
@inline
function weighted(from: usize, step: i32, weights: usize, count: i32): v128 {
  let sum = f32x4.mul(v128.load(from), v128.load_splat<f32>(weights));
  for (let k = 1; k < count; k++)
    sum = f32x4.add(sum, f32x4.mul(v128.load(from + k * step), v128.load_splat<f32>(weights + k * 4)));
  return sum;
}

/** Filters along rows: from bytes (`kind` 0), uint16 (1) or float32 (2) to [height, newWidth] pixels. `row` has room for `width` + 4. */
export function resizeX(
  source: usize,
  kind: i32,
  width: i32,
  height: i32,
  stride: i32,
  take: i32,
  newWidth: i32,
  starts: usize,
  counts: usize,
  weights: usize,
  most: i32,
  row: usize,
  target: usize,
): void {
  const rowBytes = width * stride * (kind == 0 ? 1 : kind == 1 ? 2 : 4);
  for (let y = 0; y < height; y++) {
    spreadRow(source + y * rowBytes, kind, width, stride, take, row);
    for (let x = 0; x < newWidth; x++, target += 16)
      v128.store(target, weighted(row + load<i32>(starts + x * 4) * 16, 16, weights + x * most * 4, load<i32>(counts + x * 4)));
  }
}

/**
 * Filters along columns: to integers (rounded half to even and saturated) or float32, `take` of `stride` values a pixel. Source and
 * target need room behind them for three pixels.
 */
export function resizeY(
  source: usize,
  width: i32,
  newHeight: i32,
  starts: usize,
  counts: usize,
  weights: usize,
  most: i32,
  target: usize,
  kind: i32,
  stride: i32,
  take: i32,
  pixel: usize,
): void {
  const step = width * 16;
  for (let y = 0; y < newHeight; y++) {
    const from = source + load<i32>(starts + y * 4) * step;
    const weight = weights + y * most * 4;
    const count = load<i32>(counts + y * 4);
    if (kind == 0) bytesOf(from, step, weight, count, width, target + y * width * stride, stride, take);
    else wordsOf(from, step, weight, count, width, target, y * width * stride, kind, stride, take, pixel);
  }
}

function bytesOf(from: usize, step: i32, weights: usize, count: i32, width: i32, target: usize, stride: i32, take: i32): void {
  for (let x = 0; x < width; x += 4, from += 64) {
    const p0 = i32x4.trunc_sat_f32x4_s(f32x4.nearest(weighted(from, step, weights, count)));
    const p1 = i32x4.trunc_sat_f32x4_s(f32x4.nearest(weighted(from + 16, step, weights, count)));
    const p2 = i32x4.trunc_sat_f32x4_s(f32x4.nearest(weighted(from + 32, step, weights, count)));
    const p3 = i32x4.trunc_sat_f32x4_s(f32x4.nearest(weighted(from + 48, step, weights, count)));
    const four = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(p0, p1), i16x8.narrow_i32x4_s(p2, p3));
    storeBytes(target + x * stride, four, stride, take, width - x);
  }
}

function wordsOf(
  from: usize,
  step: i32,
  weights: usize,
  count: i32,
  width: i32,
  target: usize,
  first: i32,
  kind: i32,
  stride: i32,
  take: i32,
  pixel: usize,
): void {
  for (let x = 0; x < width; x++) {
    let sum = weighted(from + x * 16, step, weights, count);
    if (kind == 1) sum = f32x4.min(f32x4.max(f32x4.nearest(sum), f32x4.splat(0)), f32x4.splat(65535));
    v128.store(pixel, sum);
    for (let k = 0; k < take; k++) {
      const at = first + x * stride + k;
      const value = load<f32>(pixel + k * 4);
      if (kind == 1) store<u16>(target + at * 2, u16(value));
      else store<f32>(target + at * 4, value);
    }
  }
}

/** Second stage of resampling: a row of the output from the positions of its pixels. */

import { borderIndex, CONSTANT } from "./_border";
import { cubicBytes } from "./_cubic-bytes";
import { cubicFloats, linearFloats } from "./_floats";
import { zero } from "./_lanes";
import { linearBytes } from "./_linear-bytes";
import * as source from "./_source";

/** Stores `take` bytes each of four pixels, `stride` apart. With three of three it writes four bytes too many. */
// @ts-ignore: decorator
@inline
export function storeBytes(target: usize, pixels: v128, stride: i32, take: i32, left: i32): void {
  if (stride == 3 && take == 3) {
    v128.store(target, v128.swizzle(pixels, i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1)));
  } else if (stride == 4 && take == 4) {
    v128.store(target, pixels);
  } else if (stride == 1) {
    v128.store32_lane(target, v128.swizzle(pixels, i8x16(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1)), 0);
  } else {
    storeLane(target, i32x4.extract_lane(pixels, 0), take);
    if (left > 1) storeLane(target + stride, i32x4.extract_lane(pixels, 1), take);
    if (left > 2) storeLane(target + 2 * stride, i32x4.extract_lane(pixels, 2), take);
    if (left > 3) storeLane(target + 3 * stride, i32x4.extract_lane(pixels, 3), take);
  }
}

function storeLane(target: usize, pixel: u32, take: i32): void {
  for (let k = 0; k < take; k++) store<u8>(target + k, pixel >> (8 * k));
}

/** A row of bytes, bilinear; `isExact` is a constant of the call, so that each arithmetic has a loop of its own. */
// @ts-ignore: decorator
@inline
function linearRow(rowX: usize, rowY: usize, count: i32, target: usize, stride: i32, take: i32, isExact: bool): void {
  const base = source.pixels;
  const rowBytes = source.rowBytes;
  const lastX = i32x4.splat(source.width + 2 * source.margin - 2);
  const lastY = i32x4.splat(source.height + 2 * source.margin - 2);
  const mask = i32x4.splat((isExact ? 16383 : 31) | zero);
  const one = i32x4.splat((isExact ? 16384 : 32) | zero);
  const half = i32x4.splat((isExact ? 8192 : 512) | zero);
  for (let i = 0; i < count; i += 4) {
    const x = v128.load(rowX + i * 4);
    const y = v128.load(rowY + i * 4);
    const four = linearBytes(x, y, isExact, base, rowBytes, lastX, lastY, mask, one, half);
    storeBytes(target + i * stride, four, stride, take, count - i);
  }
}

/** A row of bytes, `take` of `stride` values a pixel. May write up to 15 bytes beyond: rows are made from the top, and the last has room. */
export function bytesRow(rowX: usize, rowY: usize, count: i32, target: usize, stride: i32, take: i32, isCubic: bool, isExact: bool): void {
  if (isCubic)
    for (let i = 0; i < count; i++)
      storeLane(target + i * stride, cubicBytes(load<i32>(rowX + i * 4), load<i32>(rowY + i * 4), isExact), take);
  else if (isExact) linearRow(rowX, rowY, count, target, stride, take, true);
  else linearRow(rowX, rowY, count, target, stride, take, false);
}

/** A row of float32 (`isFloat`) or of uint16, rounded half to even and saturated. */
export function floatsRow(
  rowX: usize,
  rowY: usize,
  count: i32,
  target: usize,
  stride: i32,
  take: i32,
  isCubic: bool,
  isExact: bool,
  isFloat: bool,
): void {
  for (let i = 0; i < count; i++) {
    const x = load<i32>(rowX + i * 4);
    const y = load<i32>(rowY + i * 4);
    const pixel = isCubic ? cubicFloats(x, y, isExact) : linearFloats(x, y, isExact);
    const integers = i32x4.trunc_sat_f32x4_s(f32x4.nearest(pixel));
    const words = i16x8.narrow_i32x4_u(integers, integers);
    for (let k = 0; k < take; k++) {
      const at = i * stride + k;
      if (isFloat) store<f32>(target + at * 4, lane(pixel, k));
      else store<u16>(target + at * 2, word(words, k));
    }
  }
}

function lane(pixel: v128, k: i32): f32 {
  if (k == 0) return f32x4.extract_lane(pixel, 0);
  if (k == 1) return f32x4.extract_lane(pixel, 1);
  return k == 2 ? f32x4.extract_lane(pixel, 2) : f32x4.extract_lane(pixel, 3);
}

function word(words: v128, k: i32): u16 {
  if (k == 0) return i16x8.extract_lane_u(words, 0);
  if (k == 1) return i16x8.extract_lane_u(words, 1);
  return k == 2 ? i16x8.extract_lane_u(words, 2) : i16x8.extract_lane_u(words, 3);
}

/** Where a pixel outside of the image is taken from. OpenCV keeps positions of pixels in int16. */
function outside(x: i32, y: i32, source: usize, width: i32, height: i32, pixelBytes: i32, border: i32, fill: usize): usize {
  if (border == CONSTANT) return fill;
  const column = borderIndex(min(max(x, -32768), 32767), width, border);
  const row = borderIndex(min(max(y, -32768), 32767), height, border);
  return source + (row * width + column) * pixelBytes;
}

// @ts-ignore: decorator
@inline
function copyPixels(
  rowX: usize,
  rowY: usize,
  count: i32,
  source: usize,
  width: i32,
  height: i32,
  pixelBytes: i32,
  border: i32,
  fill: usize,
  target: usize,
): void {
  for (let i = 0; i < count; i++, target += pixelBytes) {
    const x = load<i32>(rowX + i * 4);
    const y = load<i32>(rowY + i * 4);
    const isInside = u32(x) < u32(width) && u32(y) < u32(height);
    const from = isInside ? source + (y * width + x) * pixelBytes : outside(x, y, source, width, height, pixelBytes, border, fill);
    if (pixelBytes == 1) store<u8>(target, load<u8>(from));
    else if (pixelBytes <= 4) store<u32>(target, load<u32>(from));
    else memory.copy(target, from, pixelBytes);
  }
}

/**
 * A row of whole pixels of `pixelBytes` bytes each, from an image that is not padded. May read and write up to two bytes too many. Each
 * common size has a loop of its own.
 */
export function nearestRow(
  rowX: usize,
  rowY: usize,
  count: i32,
  source: usize,
  width: i32,
  height: i32,
  pixelBytes: i32,
  border: i32,
  fill: usize,
  target: usize,
): void {
  if (pixelBytes == 1) copyPixels(rowX, rowY, count, source, width, height, 1, border, fill, target);
  else if (pixelBytes == 3) copyPixels(rowX, rowY, count, source, width, height, 3, border, fill, target);
  else if (pixelBytes == 4) copyPixels(rowX, rowY, count, source, width, height, 4, border, fill, target);
  else copyPixels(rowX, rowY, count, source, width, height, pixelBytes, border, fill, target);
}

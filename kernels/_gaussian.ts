/**
 * Symmetric separable filters of bytes with weights in 1/256 that add up to 1, exact in between: what OpenCV 4 computes for Gaussians.
 *
 * Bytes are filtered along rows to int16 (256 times the value, exactly, less 32768). Two rows are interleaved as they are made, and such
 * pairs are kept in a ring; a dot product with two weights does two rows at once, and each pair serves two rows of the output.
 */

import { borderIndex } from "./_border";
import { zero } from "./_lanes";

/** Takes sums from [0, 65280] into int16, and has added half of the last unit when 256 of it have been summed up. */
const BIAS: i32 = 128 - 32768;

/** Copies a row to `row`, with its border of `radius` pixels on both sides. May write 15 bytes too many. */
function padRow(source: usize, row: usize, width: i32, channels: i32, radius: i32, border: i32): void {
  const length = width * channels;
  for (let i = 0; i < length; i += 16) v128.store(row + i, v128.load(source + i));
  for (let x = 1; x <= radius; x++) {
    const left = borderIndex(-x, width, border) * channels;
    const right = borderIndex(width - 1 + x, width, border) * channels;
    for (let k = 0; k < channels; k++) {
      store<u8>(row - x * channels + k, load<u8>(source + left + k));
      store<u8>(row + length + (x - 1) * channels + k, load<u8>(source + right + k));
    }
  }
}

/** Eight values of a row filtered, in excess of `bias`. `row` is the first tap's place, `step` the bytes of a pixel. */
// @ts-ignore: decorator
@inline
function five(row: usize, step: i32, k0: v128, k1: v128, k2: v128, bias: v128): v128 {
  const outer = i16x8.add(v128.load_ext<u8>(row), v128.load_ext<u8>(row + 4 * step));
  const inner = i16x8.add(v128.load_ext<u8>(row + step), v128.load_ext<u8>(row + 3 * step));
  const centre = v128.load_ext<u8>(row + 2 * step);
  return i16x8.add(i16x8.add(i16x8.mul(outer, k0), i16x8.mul(inner, k1)), i16x8.add(i16x8.mul(centre, k2), bias));
}

/** The same for any radius; `weights` are int32. */
// @ts-ignore: decorator
@inline
function any(row: usize, step: i32, radius: i32, weights: usize, bias: v128): v128 {
  let sum = i16x8.add(i16x8.mul(v128.load_ext<u8>(row + radius * step), v128.load_splat<u16>(weights + radius * 4)), bias);
  for (let j = 0; j < radius; j++) {
    const both = i16x8.add(v128.load_ext<u8>(row + j * step), v128.load_ext<u8>(row + (2 * radius - j) * step));
    sum = i16x8.add(sum, i16x8.mul(both, v128.load_splat<u16>(weights + j * 4)));
  }
  return sum;
}

/** Interleaves eight values each of two rows. */
// @ts-ignore: decorator
@inline
function interleave(a: v128, b: v128, slot: usize): void {
  v128.store(slot, v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11));
  v128.store(slot, v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15), 16);
}

/** Filters two rows and interleaves them. */
function pair(rowA: usize, rowB: usize, length: i32, channels: i32, radius: i32, weights: usize, slot: usize): void {
  const bias = i16x8.splat(i16(BIAS | zero));
  for (let i = 0; i < length; i += 8)
    interleave(any(rowA + i, channels, radius, weights, bias), any(rowB + i, channels, radius, weights, bias), slot + i * 4);
}

/** The same for five weights, the least that there are. */
function pairOfFive(rowA: usize, rowB: usize, length: i32, channels: i32, weights: usize, slot: usize): void {
  const bias = i16x8.splat(i16(BIAS | zero));
  const k0 = v128.load_splat<u16>(weights);
  const k1 = v128.load_splat<u16>(weights + 4);
  const k2 = v128.load_splat<u16>(weights + 8);
  for (let i = 0; i < length; i += 8) {
    const a = five(rowA + i, channels, k0, k1, k2, bias);
    const b = five(rowB + i, channels, k0, k1, k2, bias);
    interleave(a, b, slot + i * 4);
  }
}

/** Rounds eight sums each of two rows to bytes: the upper row's in the low half. */
// @ts-ignore: decorator
@inline
function rounded(top0: v128, top1: v128, low0: v128, low1: v128, flip: v128): v128 {
  const top = i16x8.narrow_i32x4_s(i32x4.shr_s(top0, 16), i32x4.shr_s(top1, 16));
  const low = i16x8.narrow_i32x4_s(i32x4.shr_s(low0, 16), i32x4.shr_s(low1, 16));
  return v128.xor(i8x16.narrow_i16x8_s(top, low), flip);
}

/** Stores eight values of two rows, or the `left` that there still are. */
// @ts-ignore: decorator
@inline
function store2(upper: usize, lower: usize, both: v128, left: i32): void {
  if (left >= 8) {
    v128.store64_lane(upper, both, 0);
    v128.store64_lane(lower, both, 1);
  } else storeFew(upper, lower, i64x2.extract_lane(both, 0), i64x2.extract_lane(both, 1), left);
}

function storeFew(upper: usize, lower: usize, top: u64, low: u64, left: i32): void {
  for (let k = 0; k < left; k++) {
    store<u8>(upper + k, top >> (8 * k));
    store<u8>(lower + k, low >> (8 * k));
  }
}

// @ts-ignore: decorator
@inline
function dots3(p0: v128, p1: v128, p2: v128, w0: v128, w1: v128, w2: v128): v128 {
  return i32x4.add(i32x4.add(i32x4.dot_i16x8_s(p0, w0), i32x4.dot_i16x8_s(p1, w1)), i32x4.dot_i16x8_s(p2, w2));
}

/** Two output rows, at `target` and `below`, from three pairs of filtered rows. `upper` and `lower` have a word of two weights for each pair. */
function combine3(s0: usize, s1: usize, s2: usize, length: i32, upper: usize, lower: usize, target: usize, below: usize): void {
  const u0 = v128.load_splat<u32>(upper);
  const u1 = v128.load_splat<u32>(upper + 4);
  const u2 = v128.load_splat<u32>(upper + 8);
  const l0 = v128.load_splat<u32>(lower);
  const l1 = v128.load_splat<u32>(lower + 4);
  const l2 = v128.load_splat<u32>(lower + 8);
  const flip = i32x4.splat(0x80808080 | zero);
  for (let i = 0; i < length; i += 8) {
    const at = i * 4;
    const p0 = v128.load(s0 + at);
    const q0 = v128.load(s0 + at, 16);
    const p1 = v128.load(s1 + at);
    const q1 = v128.load(s1 + at, 16);
    const p2 = v128.load(s2 + at);
    const q2 = v128.load(s2 + at, 16);
    const top0 = dots3(p0, p1, p2, u0, u1, u2);
    const top1 = dots3(q0, q1, q2, u0, u1, u2);
    const both = rounded(top0, top1, dots3(p0, p1, p2, l0, l1, l2), dots3(q0, q1, q2, l0, l1, l2), flip);
    store2(target + i, below + i, both, length - i);
  }
}

/** The same for any number of pairs, of which the first is in slot `first` of the ring. */
function combine(
  ring: usize,
  slotBytes: i32,
  first: i32,
  pairs: i32,
  length: i32,
  upper: usize,
  lower: usize,
  target: usize,
  below: usize,
): void {
  const flip = i32x4.splat(0x80808080 | zero);
  for (let i = 0; i < length; i += 8) {
    let top0 = i32x4.splat(0);
    let top1 = i32x4.splat(0);
    let low0 = i32x4.splat(0);
    let low1 = i32x4.splat(0);
    let slot = first;
    for (let m = 0; m < pairs; m++) {
      const p = v128.load(ring + slot * slotBytes + i * 4);
      const q = v128.load(ring + slot * slotBytes + i * 4, 16);
      const u = v128.load_splat<u32>(upper + m * 4);
      const l = v128.load_splat<u32>(lower + m * 4);
      top0 = i32x4.add(top0, i32x4.dot_i16x8_s(p, u));
      top1 = i32x4.add(top1, i32x4.dot_i16x8_s(q, u));
      low0 = i32x4.add(low0, i32x4.dot_i16x8_s(p, l));
      low1 = i32x4.add(low1, i32x4.dot_i16x8_s(q, l));
      slot = slot + 1 == pairs ? 0 : slot + 1;
    }
    store2(target + i, below + i, rounded(top0, top1, low0, low1, flip), length - i);
  }
}

/** Bytes of scratch that {@link gaussianBytes} needs. */
export function gaussianScratch(length: i32, channels: i32, radius: i32): i32 {
  return 2 * (((length + 15) & ~15) + 2 * radius * channels + 64) + (radius + 1) * (((length + 15) & ~15) * 4 + 32) + 8 * (radius + 1) + length + 80;
}

/**
 * Filters an image in both directions.
 *
 * @param weights - 2 · radius + 1 int32, symmetric, adding up to 256.
 * @param border - Not a constant.
 * @param scratch - See {@link gaussianScratch}. Source and target need 16 bytes of room behind them.
 */
export function gaussianBytes(
  source: usize,
  width: i32,
  height: i32,
  channels: i32,
  radius: i32,
  weights: usize,
  border: i32,
  target: usize,
  scratch: usize,
): void {
  const length = width * channels;
  const paddedBytes = ((length + 15) & ~15) + 2 * radius * channels + 64;
  const rowA = scratch;
  const rowB = rowA + paddedBytes;
  const pairs = radius + 1;
  const slotBytes = ((length + 15) & ~15) * 4 + 32;
  const ring = rowB + paddedBytes;
  // Takes the row below the last one, if the height is odd.
  const spare = ring + pairs * slotBytes;
  const upper = spare + ((length + 15) & ~15);
  const lower = upper + 4 * pairs;
  // Pair m holds rows y - radius + 2m and the next: taps 2m and 2m + 1 of row y, taps 2m - 1 and 2m of row y + 1.
  for (let m = 0; m < pairs; m++) {
    const even = load<i32>(weights + 8 * m);
    store<i32>(upper + m * 4, even | ((m < radius ? load<i32>(weights + 8 * m + 4) : 0) << 16));
    store<i32>(lower + m * 4, (m > 0 ? load<i32>(weights + 8 * m - 4) : 0) | (even << 16));
  }
  const reach = radius * channels;
  for (let p = 0, slot = 0; p < ((height + 1) >> 1) + radius; p++) {
    padRow(source + borderIndex(2 * p - radius, height, border) * length, rowA + reach, width, channels, radius, border);
    padRow(source + borderIndex(2 * p + 1 - radius, height, border) * length, rowB + reach, width, channels, radius, border);
    const into = ring + slot * slotBytes;
    if (radius == 2) pairOfFive(rowA, rowB, length, channels, weights, into);
    else pair(rowA, rowB, length, channels, radius, weights, into);
    slot = slot + 1 == pairs ? 0 : slot + 1;
    if (p < radius) continue;
    const y = 2 * (p - radius);
    const to = target + y * length;
    const below = y + 1 < height ? to + length : spare;
    if (radius == 2) {
      const s0 = ring + slot * slotBytes;
      const s1 = ring + (slot == 2 ? 0 : slot + 1) * slotBytes;
      const s2 = ring + (slot == 0 ? 2 : slot - 1) * slotBytes;
      combine3(s0, s1, s2, length, upper, lower, to, below);
    } else combine(ring, slotBytes, slot, pairs, length, upper, lower, to, below);
  }
}

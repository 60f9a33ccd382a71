/**
 * Symmetric separable filters of bytes with weights in 1/256 that add up to 1, exact in between: what OpenCV 4 computes for Gaussians.
 *
 * Rows are filtered two at a time and interleaved. Such pairs are kept in a ring; a dot product with two weights does two rows at once, and
 * each pair serves two rows of the output.
 */

import { borderIndex } from "./_border";
import { findBorders, padRow, pair, pairOfFive } from "./_gaussian-rows";
import { zero } from "./_lanes";

/** Upper halves of sums of even and odd values, side by side. */
// @ts-ignore: decorator
@inline
function upperHalves(even: v128, odd: v128): v128 {
  return v128.shuffle<i16>(i32x4.shr_u(even, 16), odd, 0, 9, 2, 11, 4, 13, 6, 15);
}

/** Sixteen bytes of a row from its sums, which come in the order of the pairs. */
// @ts-ignore: decorator
@inline
function rounded(s0: v128, s1: v128, s2: v128, s3: v128, flip: v128): v128 {
  return v128.xor(i8x16.narrow_i16x8_s(upperHalves(s0, s1), upperHalves(s2, s3)), flip);
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
  for (let left = length; left > 0; left -= 16, s0 += 64, s1 += 64, s2 += 64, target += 16, below += 16) {
    const p0 = v128.load(s0);
    const q0 = v128.load(s1);
    const r0 = v128.load(s2);
    const top0 = dots3(p0, q0, r0, u0, u1, u2);
    const low0 = dots3(p0, q0, r0, l0, l1, l2);
    const p1 = v128.load(s0, 16);
    const q1 = v128.load(s1, 16);
    const r1 = v128.load(s2, 16);
    const top1 = dots3(p1, q1, r1, u0, u1, u2);
    const low1 = dots3(p1, q1, r1, l0, l1, l2);
    const p2 = v128.load(s0, 32);
    const q2 = v128.load(s1, 32);
    const r2 = v128.load(s2, 32);
    const top2 = dots3(p2, q2, r2, u0, u1, u2);
    const low2 = dots3(p2, q2, r2, l0, l1, l2);
    const p3 = v128.load(s0, 48);
    const q3 = v128.load(s1, 48);
    const r3 = v128.load(s2, 48);
    const top3 = dots3(p3, q3, r3, u0, u1, u2);
    const low3 = dots3(p3, q3, r3, l0, l1, l2);
    const top = rounded(top0, top1, top2, top3, flip);
    const low = rounded(low0, low1, low2, low3, flip);
    store2(target, below, top, low, left);
  }
}

/** Stores sixteen values of two rows, or the `left` that there still are. */
// @ts-ignore: decorator
@inline
function store2(upper: usize, lower: usize, top: v128, low: v128, left: i32): void {
  if (left >= 16) {
    v128.store(upper, top);
    v128.store(lower, low);
  } else {
    storeFew(upper, top, left);
    storeFew(lower, low, left);
  }
}

function storeFew(target: usize, values: v128, left: i32): void {
  const isHalf = left >= 8;
  let word = isHalf ? i64x2.extract_lane(values, 1) : i64x2.extract_lane(values, 0);
  if (isHalf) {
    v128.store64_lane(target, values, 0);
    target += 8;
    left -= 8;
  }
  for (; left > 0; left--, word >>= 8) store<u8>(target++, word);
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
  for (let i = 0; i < length; i += 16) {
    let top0 = i32x4.splat(0);
    let top1 = top0;
    let top2 = top0;
    let top3 = top0;
    let low0 = top0;
    let low1 = top0;
    let low2 = top0;
    let low3 = top0;
    let slot = first;
    for (let m = 0; m < pairs; m++) {
      const at = ring + slot * slotBytes + i * 4;
      const u = v128.load_splat<u32>(upper + m * 4);
      const l = v128.load_splat<u32>(lower + m * 4);
      const p0 = v128.load(at);
      const p1 = v128.load(at, 16);
      const p2 = v128.load(at, 32);
      const p3 = v128.load(at, 48);
      top0 = i32x4.add(top0, i32x4.dot_i16x8_s(p0, u));
      top1 = i32x4.add(top1, i32x4.dot_i16x8_s(p1, u));
      top2 = i32x4.add(top2, i32x4.dot_i16x8_s(p2, u));
      top3 = i32x4.add(top3, i32x4.dot_i16x8_s(p3, u));
      low0 = i32x4.add(low0, i32x4.dot_i16x8_s(p0, l));
      low1 = i32x4.add(low1, i32x4.dot_i16x8_s(p1, l));
      low2 = i32x4.add(low2, i32x4.dot_i16x8_s(p2, l));
      low3 = i32x4.add(low3, i32x4.dot_i16x8_s(p3, l));
      slot = slot + 1 == pairs ? 0 : slot + 1;
    }
    const top = rounded(top0, top1, top2, top3, flip);
    store2(target + i, below + i, top, rounded(low0, low1, low2, low3, flip), length - i);
  }
}

/** Bytes of scratch that {@link gaussianBytes} needs. */
export function gaussianScratch(length: i32, channels: i32, radius: i32): i32 {
  const whole = (length + 15) & ~15;
  const reach = radius * channels;
  return 2 * (whole + 2 * reach + 64) + (radius + 1) * (whole * 4 + 32) + whole + 8 * (radius + 1) + 8 * reach;
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
  const borders = lower + 4 * pairs;
  findBorders(borders, width, channels, radius, border);
  for (let p = 0, slot = 0; p < ((height + 1) >> 1) + radius; p++) {
    padRow(source + borderIndex(2 * p - radius, height, border) * length, rowA + reach, length, reach, borders);
    padRow(source + borderIndex(2 * p + 1 - radius, height, border) * length, rowB + reach, length, reach, borders);
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

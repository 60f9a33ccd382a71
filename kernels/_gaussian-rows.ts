/**
 * First half of a symmetric separable filter of bytes: along rows, to int16 (256 times the value, exactly, less 32768), two rows at a time.
 *
 * Sixteen bytes are eight words: of odd bytes, and of both at once. Sums of the latter are those of the even bytes plus 256 times those of
 * the odd ones, modulo 65536, so that the even bytes need not be taken apart.
 */

import { borderIndex } from "./_border";
import { zero } from "./_lanes";

/** Takes sums from [0, 65280] into int16, and has added half of the last unit when 256 of it have been summed up. */
const BIAS: i32 = 128 - 32768;
/** For sums that lose 256 times such a biased one: the same modulo 65536. */
const EVEN_BIAS: i32 = BIAS + (BIAS << 8);

/** Where the bytes left and right of a row are taken from: pairs of places in the row, `radius` pixels each. */
export function findBorders(table: usize, width: i32, channels: i32, radius: i32, border: i32): void {
  for (let x = 0; x < radius; x++)
    for (let k = 0; k < channels; k++, table += 8) {
      store<i32>(table, borderIndex(x - radius, width, border) * channels + k);
      store<i32>(table, borderIndex(width + x, width, border) * channels + k, 4);
    }
}

/** Copies a row to `row`, with `reach` bytes of border on both sides. May read and write 63 bytes too many. */
export function padRow(source: usize, row: usize, length: i32, reach: i32, borders: usize): void {
  for (let from = source, to = row, end = source + length; from < end; from += 64, to += 64) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    v128.store(to, v128.load(from, 32), 32);
    v128.store(to, v128.load(from, 48), 48);
  }
  for (let left = row - reach, right = row + length; left < row; left++, right++, borders += 8) {
    store<u8>(left, load<u8>(source + load<i32>(borders)));
    store<u8>(right, load<u8>(source + load<i32>(borders, 4)));
  }
}

// @ts-ignore: decorator
@inline
function fiveTaps(x0: v128, x1: v128, x2: v128, x3: v128, x4: v128, k0: v128, k1: v128, k2: v128): v128 {
  const outer = i16x8.mul(i16x8.add(x0, x4), k0);
  const inner = i16x8.mul(i16x8.add(x1, x3), k1);
  return i16x8.add(i16x8.add(outer, inner), i16x8.mul(x2, k2));
}

// @ts-ignore: decorator
@inline
function odd(bytes: v128): v128 {
  return i16x8.shr_u(bytes, 8);
}

/** Sums of the even bytes, biased, from those of both as words and those of the odd bytes, biased: all modulo 65536. */
// @ts-ignore: decorator
@inline
function evenSums(words: v128, odds: v128, bias: v128): v128 {
  return i16x8.sub(i16x8.add(words, bias), i16x8.shl(odds, 8));
}

/** Interleaves sixteen values each of two rows: values 0, 2, 4, 6 of both, then 1, 3, 5, 7, then 8, 10 … and 9, 11 … */
// @ts-ignore: decorator
@inline
function interleave(evenA: v128, oddA: v128, evenB: v128, oddB: v128, slot: usize): void {
  v128.store(slot, v128.shuffle<i16>(evenA, evenB, 0, 8, 1, 9, 2, 10, 3, 11));
  v128.store(slot, v128.shuffle<i16>(oddA, oddB, 0, 8, 1, 9, 2, 10, 3, 11), 16);
  v128.store(slot, v128.shuffle<i16>(evenA, evenB, 4, 12, 5, 13, 6, 14, 7, 15), 32);
  v128.store(slot, v128.shuffle<i16>(oddA, oddB, 4, 12, 5, 13, 6, 14, 7, 15), 48);
}

/** Filters two rows and interleaves them. `weights` are int32, `step` is the bytes of a pixel. */
export function pair(rowA: usize, rowB: usize, length: i32, step: i32, radius: i32, weights: usize, slot: usize): void {
  const bias = i16x8.splat(i16(BIAS | zero));
  const evenBias = i16x8.splat(i16(EVEN_BIAS | zero));
  const k = v128.load_splat<u16>(weights + radius * 4);
  for (const end = rowA + length; rowA < end; rowA += 16, rowB += 16, slot += 64) {
    const centreA = v128.load(rowA + radius * step);
    const centreB = v128.load(rowB + radius * step);
    let wordsA = i16x8.mul(centreA, k);
    let wordsB = i16x8.mul(centreB, k);
    let oddA = i16x8.add(i16x8.mul(odd(centreA), k), bias);
    let oddB = i16x8.add(i16x8.mul(odd(centreB), k), bias);
    for (let j = 0, near = 0, far = 2 * radius * step; j < radius; j++, near += step, far -= step) {
      const k = v128.load_splat<u16>(weights + j * 4);
      const leftA = v128.load(rowA + near);
      const rightA = v128.load(rowA + far);
      const leftB = v128.load(rowB + near);
      const rightB = v128.load(rowB + far);
      wordsA = i16x8.add(wordsA, i16x8.mul(i16x8.add(leftA, rightA), k));
      wordsB = i16x8.add(wordsB, i16x8.mul(i16x8.add(leftB, rightB), k));
      oddA = i16x8.add(oddA, i16x8.mul(i16x8.add(odd(leftA), odd(rightA)), k));
      oddB = i16x8.add(oddB, i16x8.mul(i16x8.add(odd(leftB), odd(rightB)), k));
    }
    interleave(evenSums(wordsA, oddA, evenBias), oddA, evenSums(wordsB, oddB, evenBias), oddB, slot);
  }
}

/** The same for five weights, the least that there are. */
export function pairOfFive(rowA: usize, rowB: usize, length: i32, step: i32, weights: usize, slot: usize): void {
  const bias = i16x8.splat(i16(BIAS | zero));
  const evenBias = i16x8.splat(i16(EVEN_BIAS | zero));
  const k0 = v128.load_splat<u16>(weights);
  const k1 = v128.load_splat<u16>(weights + 4);
  const k2 = v128.load_splat<u16>(weights + 8);
  for (const end = rowA + length; rowA < end; rowA += 16, rowB += 16, slot += 64) {
    const a0 = v128.load(rowA);
    const a1 = v128.load(rowA + step);
    const a2 = v128.load(rowA + 2 * step);
    const a3 = v128.load(rowA + 3 * step);
    const a4 = v128.load(rowA + 4 * step);
    const oddA = i16x8.add(fiveTaps(odd(a0), odd(a1), odd(a2), odd(a3), odd(a4), k0, k1, k2), bias);
    const evenA = evenSums(fiveTaps(a0, a1, a2, a3, a4, k0, k1, k2), oddA, evenBias);
    const b0 = v128.load(rowB);
    const b1 = v128.load(rowB + step);
    const b2 = v128.load(rowB + 2 * step);
    const b3 = v128.load(rowB + 3 * step);
    const b4 = v128.load(rowB + 4 * step);
    const oddB = i16x8.add(fiveTaps(odd(b0), odd(b1), odd(b2), odd(b3), odd(b4), k0, k1, k2), bias);
    const evenB = evenSums(fiveTaps(b0, b1, b2, b3, b4, k0, k1, k2), oddB, evenBias);
    interleave(evenA, oddA, evenB, oddB, slot);
  }
}

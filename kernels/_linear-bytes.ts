/** Bilinear samples of bytes, four pixels at a time, in two arithmetics. */

import { CONSTANT } from "./_border";
import { lane0, lane1, lane2, lane3 } from "./_lanes";
import * as source from "./_source";

/** Two pixels' channels side by side, for a dot product. Two steps, because V8 makes one machine instruction of each. */
// @ts-ignore: decorator
@inline
function neighbours(pixels: v128): v128 {
  const second = v128.shuffle<i32>(pixels, pixels, 2, 3, 2, 3);
  return v128.shuffle<i16>(pixels, second, 0, 8, 1, 9, 2, 10, 3, 11);
}

/**
 * OpenCV 4's: weights in 1/32 along each axis, so their products are exact in 1/1024, and one rounding. `column` is what the two rows
 * give, 32 times too large; the dot product does the two columns.
 */
// @ts-ignore: decorator
@inline
function tapOfParts(address: usize, rowBytes: i32, weightX: v128, weightY0: v128, weightY1: v128, half: v128): v128 {
  const top = v128.load_ext<u8>(address);
  const bottom = v128.load_ext<u8>(address + rowBytes);
  const column = i16x8.add(i16x8.mul(top, weightY0), i16x8.mul(bottom, weightY1));
  const sum = i32x4.dot_i16x8_s(neighbours(column), weightX);
  return i32x4.shr_s(i32x4.add(sum, half), 10);
}

/** The exact one: four weights in 1/16384 that add up to 1. */
// @ts-ignore: decorator
@inline
function tapOfWeights(address: usize, rowBytes: i32, weightTop: v128, weightBottom: v128, half: v128): v128 {
  const top = v128.load_ext<u8>(address);
  const bottom = v128.load_ext<u8>(address + rowBytes);
  const sum = i32x4.add(
    i32x4.dot_i16x8_s(neighbours(top), weightTop),
    i32x4.dot_i16x8_s(neighbours(bottom), weightBottom),
  );
  return i32x4.shr_s(i32x4.add(sum, half), 14);
}

// @ts-ignore: decorator
@inline
function packed(p0: v128, p1: v128, p2: v128, p3: v128): v128 {
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(p0, p1), i16x8.narrow_i32x4_s(p2, p3));
}

/** Pixels that all lie inside of the padded image, from their positions [1/32]. */
// @ts-ignore: decorator
@inline
function insideParts(x: v128, y: v128, offset: v128, base: usize, rowBytes: i32, mask: v128, one: v128, half: v128): v128 {
  const fx = v128.and(x, mask);
  const fy = v128.and(y, mask);
  const wx = i32x4.sub(i32x4.add(i32x4.shl(fx, 16), one), fx);
  const wy1 = v128.or(fy, i32x4.shl(fy, 16));
  const ones = v128.or(one, i32x4.shl(one, 16));
  const wy0 = i16x8.sub(ones, wy1);
  return packed(
    tapOfParts(base + i32x4.extract_lane(offset, 0), rowBytes, lane0(wx), lane0(wy0), lane0(wy1), half),
    tapOfParts(base + i32x4.extract_lane(offset, 1), rowBytes, lane1(wx), lane1(wy0), lane1(wy1), half),
    tapOfParts(base + i32x4.extract_lane(offset, 2), rowBytes, lane2(wx), lane2(wy0), lane2(wy1), half),
    tapOfParts(base + i32x4.extract_lane(offset, 3), rowBytes, lane3(wx), lane3(wy0), lane3(wy1), half),
  );
}

/** The same for positions in 1/16384. */
// @ts-ignore: decorator
@inline
function insideExact(x: v128, y: v128, offset: v128, base: usize, rowBytes: i32, mask: v128, one: v128, half: v128): v128 {
  const fx = v128.and(x, mask);
  const fy = v128.and(y, mask);
  const w11 = i32x4.shr_s(i32x4.add(i32x4.mul(fx, fy), half), 14);
  const w01 = i32x4.sub(fx, w11);
  const w10 = i32x4.sub(fy, w11);
  const w00 = i32x4.sub(i32x4.sub(one, fx), w10);
  const top = v128.or(w00, i32x4.shl(w01, 16));
  const bottom = v128.or(w10, i32x4.shl(w11, 16));
  return packed(
    tapOfWeights(base + i32x4.extract_lane(offset, 0), rowBytes, lane0(top), lane0(bottom), half),
    tapOfWeights(base + i32x4.extract_lane(offset, 1), rowBytes, lane1(top), lane1(bottom), half),
    tapOfWeights(base + i32x4.extract_lane(offset, 2), rowBytes, lane2(top), lane2(bottom), half),
    tapOfWeights(base + i32x4.extract_lane(offset, 3), rowBytes, lane3(top), lane3(bottom), half),
  );
}

/** One pixel, wherever it is. */
function anywhere(x: i32, y: i32, isExact: bool): u32 {
  const bits = isExact ? 14 : 5;
  const ix = x >> bits;
  const iy = y >> bits;
  const isInside = u32(ix) < u32(source.width + 2 * source.margin - 1) && u32(iy) < u32(source.height + 2 * source.margin - 1);
  const base = isInside ? source.pixels + iy * source.rowBytes + ix * 4 : source.patchAt(ix, iy, 2);
  const rowBytes = isInside ? source.rowBytes : 8;
  const u = i32x4.splat(x);
  const v = i32x4.splat(y);
  const none = i32x4.splat(0);
  const four = isExact ? insideExact(u, v, none, base, rowBytes, i32x4.splat(16383), i32x4.splat(16384), i32x4.splat(8192)) : insideParts(u, v, none, base, rowBytes, i32x4.splat(31), i32x4.splat(32), i32x4.splat(512));
  return i32x4.extract_lane(four, 0);
}

/** Four pixels of which some lie outside of the padded image, whose border is none of a constant. */
function mixed(x: v128, y: v128, isExact: bool): v128 {
  let four = i32x4.splat(anywhere(i32x4.extract_lane(x, 0), i32x4.extract_lane(y, 0), isExact));
  four = i32x4.replace_lane(four, 1, anywhere(i32x4.extract_lane(x, 1), i32x4.extract_lane(y, 1), isExact));
  four = i32x4.replace_lane(four, 2, anywhere(i32x4.extract_lane(x, 2), i32x4.extract_lane(y, 2), isExact));
  return i32x4.replace_lane(four, 3, anywhere(i32x4.extract_lane(x, 3), i32x4.extract_lane(y, 3), isExact));
}

/**
 * Four pixels from their positions, RGBA. The caller keeps out of the loop what is the same for all: `base`, `rowBytes`, `lastX` and `lastY`
 * (the last pixel that has a neighbour) of the source, the `mask` of a fraction, `one` in its unit, and `half` of the sum's unit.
 */
// @ts-ignore: decorator
@inline
export function linearBytes(x: v128, y: v128, isExact: bool, base: usize, rowBytes: i32, lastX: v128, lastY: v128, mask: v128, one: v128, half: v128): v128 {
  const ix = i32x4.shr_s(x, isExact ? 14 : 5);
  const iy = i32x4.shr_s(y, isExact ? 14 : 5);
  // The sign is set where a coordinate is too small or too large.
  const signs = v128.or(v128.or(ix, iy), v128.or(i32x4.sub(lastX, ix), i32x4.sub(lastY, iy)));
  const outside = i32x4.bitmask(signs);
  if (outside != 0) {
    if (source.border != CONSTANT) return mixed(x, y, isExact);
    if (outside == 15) return v128.load_splat<u32>(source.fill);
  }
  const isOut = i32x4.shr_s(signs, 31);
  const offset = v128.andnot(i32x4.add(i32x4.mul(iy, i32x4.splat(rowBytes)), i32x4.shl(ix, 2)), isOut);
  const four = isExact ? insideExact(x, y, offset, base, rowBytes, mask, one, half) : insideParts(x, y, offset, base, rowBytes, mask, one, half);
  return outside == 0 ? four : v128.bitselect(v128.load_splat<u32>(source.fill), four, isOut);
}

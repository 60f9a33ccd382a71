/** Bicubic samples of bytes. */

import { CONSTANT } from "./_border";
import { cubicWeights, productsOf } from "./_cubic";
import * as source from "./_source";

const weightsX = memory.data(16, 16);
const weightsY = memory.data(16, 16);

/** One pixel at a position in 1/32 (or 1/16384 if exact), as RGBA. */
export function cubicBytes(x: i32, y: i32, isExact: bool): u32 {
  const bits = isExact ? 14 : 5;
  const ix = (x >> bits) - 1;
  const iy = (y >> bits) - 1;
  const isInside = u32(ix) < u32(source.width + 2 * source.margin - 3) && u32(iy) < u32(source.height + 2 * source.margin - 3);
  if (!isInside && source.border == CONSTANT) return load<u32>(source.fill);
  const base = isInside ? source.pixels + iy * source.rowBytes + ix * 4 : source.patchAt(ix, iy, 4);
  const rowBytes = isInside ? source.rowBytes : 16;
  return isExact ? exactPixel(base, rowBytes, x & 16383, y & 16383) : tablePixel(base, rowBytes, productsOf(x & 31, y & 31));
}

/** Integer products, as in OpenCV 4: each row's four pixels are turned into four runs of one channel for the dot product. */
// @ts-ignore: decorator
@inline
function tablePixel(base: usize, rowBytes: i32, weights: usize): u32 {
  const byChannel = i8x16(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  let redGreen = i32x4.splat(0);
  let blueAlpha = i32x4.splat(0);
  for (let v = 0; v < 4; v++) {
    const row = v128.swizzle(v128.load(base + v * rowBytes), byChannel);
    const weight = v128.load_splat<u64>(weights + v * 8);
    redGreen = i32x4.add(redGreen, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(row), weight));
    blueAlpha = i32x4.add(blueAlpha, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(row), weight));
  }
  const sum = i32x4.add(v128.shuffle<i32>(redGreen, blueAlpha, 0, 2, 4, 6), v128.shuffle<i32>(redGreen, blueAlpha, 1, 3, 5, 7));
  const rounded = i32x4.shr_s(i32x4.add(sum, i32x4.splat(16384)), 15);
  const words = i16x8.narrow_i32x4_s(rounded, rounded);
  return i32x4.extract_lane(i8x16.narrow_i16x8_u(words, words), 0);
}

// @ts-ignore: decorator
@inline
function exactPixel(base: usize, rowBytes: i32, fractionX: i32, fractionY: i32): u32 {
  cubicWeights(weightsX, f32(fractionX) * (<f32>1 / 16384));
  cubicWeights(weightsY, f32(fractionY) * (<f32>1 / 16384));
  let sum = f32x4.splat(0);
  for (let v = 0; v < 4; v++) {
    let line = f32x4.splat(0);
    for (let u = 0; u < 4; u++) {
      const words = i16x8.extend_low_i8x16_u(i32x4.splat(load<i32>(base + v * rowBytes + u * 4)));
      const pixel = f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(words));
      line = f32x4.add(line, f32x4.mul(pixel, v128.load_splat<f32>(weightsX + u * 4)));
    }
    sum = f32x4.add(sum, f32x4.mul(line, v128.load_splat<f32>(weightsY + v * 4)));
  }
  const rounded = i32x4.trunc_sat_f32x4_s(f32x4.nearest(sum));
  const words = i16x8.narrow_i32x4_s(rounded, rounded);
  return i32x4.extract_lane(i8x16.narrow_i16x8_u(words, words), 0);
}

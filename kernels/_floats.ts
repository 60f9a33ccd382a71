/** Samples of float32 pixels of four lanes: bilinear and bicubic, in the order of OpenCV's additions. */

import { borderIndex, CONSTANT } from "./_border";
import { cubicWeights, lineOf } from "./_cubic";
import * as source from "./_source";

const exactX = memory.data(16, 16);
const exactY = memory.data(16, 16);

/** One pixel at a position in 1/32 (or 1/16384 if exact). */
export function linearFloats(x: i32, y: i32, isExact: bool): v128 {
  const bits = isExact ? 14 : 5;
  const scale: f32 = isExact ? <f32>1 / 16384 : <f32>1 / 32;
  const mask = (1 << bits) - 1;
  const ix = x >> bits;
  const iy = y >> bits;
  const isInside = u32(ix) < u32(source.width - 1) && u32(iy) < u32(source.height - 1);
  if (!isInside && source.border == CONSTANT && (ix < -1 || iy < -1 || ix >= source.width || iy >= source.height))
    return v128.load(source.fill);
  const base = isInside ? source.pixels + iy * source.rowBytes + ix * 16 : source.patchAt(ix, iy, 2);
  const below: usize = base + (isInside ? source.rowBytes : 32);
  const fx = f32(x & mask) * scale;
  const fy = f32(y & mask) * scale;
  const sum0 = f32x4.mul(v128.load(base), f32x4.splat((1 - fy) * (1 - fx)));
  const sum1 = f32x4.add(sum0, f32x4.mul(v128.load(base, 16), f32x4.splat((1 - fy) * fx)));
  const sum2 = f32x4.add(sum1, f32x4.mul(v128.load(below), f32x4.splat(fy * (1 - fx))));
  return f32x4.add(sum2, f32x4.mul(v128.load(below, 16), f32x4.splat(fy * fx)));
}

/** One pixel, bicubic. Near the border OpenCV adds up differences to the fill, in the middle row by row; float32 tells them apart. */
export function cubicFloats(x: i32, y: i32, isExact: bool): v128 {
  const bits = isExact ? 14 : 5;
  const mask = (1 << bits) - 1;
  const ix = (x >> bits) - 1;
  const iy = (y >> bits) - 1;
  let weightsX = exactX;
  let weightsY = exactY;
  if (isExact) {
    cubicWeights(exactX, f32(x & mask) * (<f32>1 / 16384));
    cubicWeights(exactY, f32(y & mask) * (<f32>1 / 16384));
  } else {
    weightsX = lineOf(x & mask);
    weightsY = lineOf(y & mask);
  }
  const isInside = u32(ix) < u32(max(source.width - 3, 0)) && u32(iy) < u32(max(source.height - 3, 0));
  return isInside ? middle(ix, iy, weightsX, weightsY) : edge(ix, iy, weightsX, weightsY);
}

// @ts-ignore: decorator
@inline
function weighted(address: usize, weightY: f32, weightX: usize): v128 {
  return f32x4.mul(v128.load(address), f32x4.splat(weightY * load<f32>(weightX)));
}

function middle(ix: i32, iy: i32, weightsX: usize, weightsY: usize): v128 {
  let sum = f32x4.splat(0);
  for (let v = 0; v < 4; v++) {
    const row = source.pixels + (iy + v) * source.rowBytes + ix * 16;
    const weight = load<f32>(weightsY + v * 4);
    const first = f32x4.add(weighted(row, weight, weightsX), weighted(row + 16, weight, weightsX + 4));
    const line = f32x4.add(f32x4.add(first, weighted(row + 32, weight, weightsX + 8)), weighted(row + 48, weight, weightsX + 12));
    sum = v == 0 ? line : f32x4.add(sum, line);
  }
  return sum;
}

function edge(ix: i32, iy: i32, weightsX: usize, weightsY: usize): v128 {
  const fill = v128.load(source.fill);
  let sum = fill;
  if (source.border == CONSTANT && (ix <= -4 || iy <= -4 || ix >= source.width || iy >= source.height)) return fill;
  const patch = source.patchAt(ix, iy, 4);
  for (let v = 0; v < 4; v++) {
    if (borderIndex(iy + v, source.height, source.border) < 0) continue;
    for (let u = 0; u < 4; u++) {
      if (borderIndex(ix + u, source.width, source.border) < 0) continue;
      const weight = load<f32>(weightsY + v * 4) * load<f32>(weightsX + u * 4);
      sum = f32x4.add(sum, f32x4.mul(f32x4.sub(v128.load(patch + (v * 4 + u) * 16), fill), f32x4.splat(weight)));
    }
  }
  return sum;
}

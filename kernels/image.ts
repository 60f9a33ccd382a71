/**
 * Images under maps, at other sizes, and filtered: what has to be fast in augmentation.
 *
 * A map is resampled row by row in two stages: positions of the row's pixels in the source, then samples there.
 */

export { boxBytes } from "./_box";
export { filter, gaussianWords, padFloats, storeIntegers } from "./_filter";
export { gaussianBytes, gaussianScratch } from "./_gaussian";
export { zero } from "./_lanes";
export { median } from "./_median";
export { heapBase } from "./_memory";
export { move } from "./_move";
export { padAround, padBytes, spreadFloats } from "./_pad";
export { resizeX, resizeY } from "./_resize";
export { useSource } from "./_source";
import { affineRow, affineSteps, fieldRow, projectiveRow } from "./_positions";
import { bytesRow, floatsRow, nearestRow } from "./_sample";

/** Of a map: an affine or projective one with its inverse's nine doubles, or a field of positions. */
const AFFINE: i32 = 0;
const PROJECTIVE: i32 = 1;

/** What is sampled and made: the values are those of the host. */
const CUBIC: i32 = 2;
const BYTES: i32 = 0;
const FLOATS: i32 = 2;

let steps: usize = 0;
let count: i32 = 0;
let mapKind: i32 = 0;
let mapAt: usize = 0;
let isExactMap: bool = false;
let isNearestMap: bool = false;
let block: i32 = 0;

/**
 * Names the map of the next rows.
 *
 * @param kind - 0 affine, 1 projective, 2 field.
 * @param map - Address of nine doubles, or of the field.
 * @param width - Columns of the output.
 * @param isNearest - Positions are rounded to whole pixels.
 * @param isExact - Positions to 1/16384 instead of OpenCV 4's 1/32.
 * @param blockWidth - OpenCV's block for projective maps [pixels].
 * @param scratch - Room for four rows of `width` + 4 int32.
 */
export function useMap(kind: i32, map: usize, width: i32, isNearest: bool, isExact: bool, blockWidth: i32, scratch: usize): void {
  mapKind = kind;
  mapAt = map;
  count = (width + 3) & ~3;
  isNearestMap = isNearest;
  isExactMap = isExact;
  block = blockWidth;
  steps = scratch;
  if (kind != AFFINE) return;
  affineSteps(scratch, count, load<f64>(map), isExact ? 16384 : 1024);
  affineSteps(scratch + count * 4, count, load<f64>(map, 24), isExact ? 16384 : 1024);
}

/** Positions of row `y`, in an image with that margin, to the third and fourth row of the scratch. */
function positions(y: i32, width: i32, margin: i32): void {
  const rowX = steps + count * 8;
  const rowY = rowX + count * 4;
  if (mapKind == AFFINE) {
    const scale: f64 = isExactMap ? 16384 : 1024;
    const bits = isExactMap ? 14 : 10;
    const kept = isNearestMap ? 0 : isExactMap ? 14 : 5;
    const half = bits == kept ? 0 : 1 << (bits - kept - 1);
    const bias = half + (margin << bits);
    affineRow(rowX, steps, count, load<f64>(mapAt, 8) * f64(y) + load<f64>(mapAt, 16), scale, bias, bits - kept);
    affineRow(rowY, steps + count * 4, count, load<f64>(mapAt, 32) * f64(y) + load<f64>(mapAt, 40), scale, bias, bits - kept);
  } else {
    const bits = isNearestMap ? 0 : isExactMap ? 14 : 5;
    const scale = 1 << bits;
    if (mapKind == PROJECTIVE) projectiveRow(rowX, rowY, width, y, mapAt, scale, margin << bits, block);
    else fieldRow(rowX, rowY, width, mapAt + y * width * 8, f32(scale), margin << bits);
    for (let x = width; x < count; x++) {
      store<i32>(rowX + x * 4, load<i32>(rowX));
      store<i32>(rowY + x * 4, load<i32>(rowY));
    }
  }
}

/** Rows of interpolated values. `kind`: 0 bytes, 1 uint16, 2 float32. The target needs room for 16 bytes more. */
export function warp(
  interpolation: i32,
  kind: i32,
  margin: i32,
  target: usize,
  width: i32,
  height: i32,
  stride: i32,
  take: i32,
): void {
  const rowX = steps + count * 8;
  const rowY = rowX + count * 4;
  const isCubic = interpolation == CUBIC;
  for (let y = 0; y < height; y++) {
    positions(y, width, margin);
    const first = y * width * stride;
    if (kind == BYTES) bytesRow(rowX, rowY, width, target + first, stride, take, isCubic, isExactMap);
    else if (kind == FLOATS) floatsRow(rowX, rowY, width, target + first * 4, stride, take, isCubic, isExactMap, true);
    else floatsRow(rowX, rowY, width, target + first * 2, stride, take, isCubic, isExactMap, false);
  }
}

/** Rows of whole pixels of any type, from an image as it is. `fill` is the address of one pixel. */
export function warpNearest(
  source: usize,
  sourceWidth: i32,
  sourceHeight: i32,
  pixelBytes: i32,
  border: i32,
  fill: usize,
  target: usize,
  width: i32,
  height: i32,
): void {
  const rowX = steps + count * 8;
  const rowY = rowX + count * 4;
  for (let y = 0; y < height; y++) {
    positions(y, width, 0);
    nearestRow(rowX, rowY, width, source, sourceWidth, sourceHeight, pixelBytes, border, fill, target + y * width * pixelBytes);
  }
}

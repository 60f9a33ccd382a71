/**
 * First stage of resampling: where the pixels of an output row come from, as two rows of fixed-point int32. `bits` is the number of
 * fractional bits: 5 in OpenCV 4's arithmetic, 14 in exact arithmetic, 0 for the nearest pixel.
 */

const LIMIT: f64 = 1073741823;

// @ts-ignore: decorator
@inline
function fixed(value: f64): i32 {
  return i32(min(max(nearest(value), -LIMIT), LIMIT));
}

/** What an affine map adds along a row, one coordinate: round(scale · coefficient · x). */
export function affineSteps(target: usize, count: i32, coefficient: f64, scale: f64): void {
  for (let x = 0; x < count; x++) store<i32>(target + x * 4, fixed(coefficient * f64(x) * scale));
}

/** One coordinate of a row of an affine map: what the row starts with and the steps, rounded each, added and cut to `bits`. */
export function affineRow(target: usize, steps: usize, count: i32, start: f64, scale: f64, bias: i32, shift: i32): void {
  const base = i32x4.splat(fixed(start * scale) + bias);
  for (let x = 0; x < count; x += 4)
    v128.store(target + x * 4, i32x4.shr_s(i32x4.add(v128.load(steps + x * 4), base), shift));
}

/**
 * Both coordinates of row `y` of a projective map, whose inverse is at `matrix` (nine doubles). OpenCV starts anew every `block` pixels;
 * so does this, to round as it does. May write one column too many.
 */
export function projectiveRow(rowX: usize, rowY: usize, count: i32, y: i32, matrix: usize, scale: f64, bias: i32, block: i32): void {
  const a = load<f64>(matrix);
  const b = load<f64>(matrix, 8);
  const c = load<f64>(matrix, 16);
  const d = load<f64>(matrix, 24);
  const e = load<f64>(matrix, 32);
  const f = load<f64>(matrix, 40);
  const g = load<f64>(matrix, 48);
  const h = load<f64>(matrix, 56);
  const i = load<f64>(matrix, 64);
  for (let left = 0; left < count; left += block) {
    const x0 = a * f64(left) + b * f64(y) + c;
    const y0 = d * f64(left) + e * f64(y) + f;
    const w0 = g * f64(left) + h * f64(y) + i;
    const end = min(block, count - left);
    for (let k = 0; k < end; k += 2) {
      const column = f64x2.add(f64x2.splat(f64(k)), f64x2(0, 1));
      const w = f64x2.add(f64x2.splat(w0), f64x2.mul(f64x2.splat(g), column));
      const isZero = f64x2.eq(w, f64x2.splat(0));
      const inverse = v128.andnot(f64x2.div(f64x2.splat(scale), w), isZero);
      const at = (left + k) * 4;
      v128.store64_lane(rowX + at, i32x4.add(fixedPair(x0, a, column, inverse), i32x4.splat(bias)), 0);
      v128.store64_lane(rowY + at, i32x4.add(fixedPair(y0, d, column, inverse), i32x4.splat(bias)), 0);
    }
  }
}

/** (start + step · column) · inverse of two columns, in the lower half. */
// @ts-ignore: decorator
@inline
function fixedPair(start: f64, step: f64, column: v128, inverse: v128): v128 {
  const value = f64x2.mul(f64x2.add(f64x2.splat(start), f64x2.mul(f64x2.splat(step), column)), inverse);
  const bounded = f64x2.pmin(f64x2.pmax(f64x2.nearest(value), f64x2.splat(-LIMIT)), f64x2.splat(LIMIT));
  return i32x4.trunc_sat_f64x2_s_zero(bounded);
}

/**
 * Both coordinates of a row of a field: pairs of float32, where the centre of the first pixel is 0.5. May read and write three columns
 * too many.
 */
export function fieldRow(rowX: usize, rowY: usize, count: i32, field: usize, scale: f32, bias: i32): void {
  for (let x = 0; x < count; x += 4) {
    const first = v128.load(field + x * 8);
    const second = v128.load(field + x * 8, 16);
    v128.store(rowX + x * 4, fixedFour(v128.shuffle<f32>(first, second, 0, 2, 4, 6), scale, bias));
    v128.store(rowY + x * 4, fixedFour(v128.shuffle<f32>(first, second, 1, 3, 5, 7), scale, bias));
  }
}

// @ts-ignore: decorator
@inline
function fixedFour(position: v128, scale: f32, bias: i32): v128 {
  const value = f32x4.nearest(f32x4.mul(f32x4.sub(position, f32x4.splat(0.5)), f32x4.splat(scale)));
  const bounded = f32x4.max(f32x4.min(value, f32x4.splat(f32(LIMIT))), f32x4.splat(f32(-LIMIT)));
  return i32x4.add(i32x4.trunc_sat_f32x4_s(bounded), i32x4.splat(bias));
}

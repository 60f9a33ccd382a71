/** Medians of squares, for many values at once: no comparison decides where the program goes. */

/** Whose smaller and larger values are meant: bytes (0), uint16 (1), float32 (2). */
// @ts-ignore: decorator
@inline
function smaller(a: v128, b: v128, kind: i32): v128 {
  return kind == 0 ? i8x16.min_u(a, b) : kind == 1 ? i16x8.min_u(a, b) : f32x4.min(a, b);
}

// @ts-ignore: decorator
@inline
function larger(a: v128, b: v128, kind: i32): v128 {
  return kind == 0 ? i8x16.max_u(a, b) : kind == 1 ? i16x8.max_u(a, b) : f32x4.max(a, b);
}

/**
 * The median of the vectors at `window`. Of the first half and two more, neither the smallest nor the largest can be the median: both
 * are forgotten, one more is taken in, and so on until one is left.
 */
// @ts-ignore: decorator
@inline
function medianOf(window: usize, count: i32, kind: i32): v128 {
  let held = (count + 3) >> 1;
  let next = held;
  while (true) {
    const first = v128.load(window);
    const second = v128.load(window, 16);
    let least = smaller(first, second, kind);
    let most = larger(first, second, kind);
    for (let k = 2; k < held; k++) {
      const value = v128.load(window + k * 16);
      const above = larger(value, least, kind);
      least = smaller(value, least, kind);
      v128.store(window + (k - 2) * 16, smaller(above, most, kind));
      most = larger(above, most, kind);
    }
    held -= 2;
    if (next == count) return v128.load(window);
    v128.store(window + held * 16, v128.load(window + next * 16));
    held++;
    next++;
  }
}

// @ts-ignore: decorator
@inline
function middle(a: v128, b: v128, c: v128, kind: i32): v128 {
  return larger(smaller(a, b, kind), smaller(larger(a, b, kind), c, kind), kind);
}

/** The median of nine values: the middle one of its columns' largest low, middle middle and smallest high value. */
// @ts-ignore: decorator
@inline
function medianOfNine(top: usize, rowBytes: i32, pixelBytes: i32, kind: i32): v128 {
  let low = i32x4.splat(0);
  let high = i32x4.splat(0);
  let first = i32x4.splat(0);
  let second = i32x4.splat(0);
  let third = i32x4.splat(0);
  for (let u = 0; u < 3; u++, top += pixelBytes) {
    const a = v128.load(top);
    const b = v128.load(top + rowBytes);
    const c = v128.load(top + 2 * rowBytes);
    const least = smaller(smaller(a, b, kind), c, kind);
    const most = larger(larger(a, b, kind), c, kind);
    low = u == 0 ? least : larger(low, least, kind);
    high = u == 0 ? most : smaller(high, most, kind);
    first = second;
    second = third;
    third = middle(a, b, c, kind);
  }
  return middle(low, middle(first, second, third, kind), high, kind);
}

// @ts-ignore: decorator
@inline
function medianRows(
  padded: usize,
  rowBytes: i32,
  pixelBytes: i32,
  size: i32,
  lengthBytes: i32,
  height: i32,
  target: usize,
  window: usize,
  kind: i32,
): void {
  for (let y = 0; y < height; y++)
    for (let i = 0; i < lengthBytes; i += 16) {
      if (size == 3) {
        v128.store(target + y * lengthBytes + i, medianOfNine(padded + y * rowBytes + i, rowBytes, pixelBytes, kind));
        continue;
      }
      let at = window;
      for (let v = 0; v < size; v++)
        for (let u = 0; u < size; u++, at += 16) v128.store(at, v128.load(padded + (y + v) * rowBytes + u * pixelBytes + i));
      v128.store(target + y * lengthBytes + i, medianOf(window, size * size, kind));
    }
}

/**
 * Medians of `size` × `size` values (odd, above 1) of the same channel, from an image that was padded by half of that on all sides.
 *
 * @param rowBytes - Of a padded row.
 * @param lengthBytes - Of a row of the output. The target needs 16 bytes of room behind it.
 * @param window - Room for `size` · `size` vectors.
 */
export function median(
  padded: usize,
  rowBytes: i32,
  pixelBytes: i32,
  size: i32,
  lengthBytes: i32,
  height: i32,
  target: usize,
  window: usize,
  kind: i32,
): void {
  if (kind == 0) medianRows(padded, rowBytes, pixelBytes, size, lengthBytes, height, target, window, 0);
  else if (kind == 1) medianRows(padded, rowBytes, pixelBytes, size, lengthBytes, height, target, window, 1);
  else medianRows(padded, rowBytes, pixelBytes, size, lengthBytes, height, target, window, 2);
}

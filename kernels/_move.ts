/** Whole pixels at other places. */

/**
 * Writes a `width` × `height` image of pixels of `pixelBytes`: from pixel number `start` of the source, each column is `stepX` pixels on
 * and each row `stepY`. The target needs 16 bytes of room behind it.
 */
export function move(
  source: usize,
  target: usize,
  width: i32,
  height: i32,
  start: i32,
  stepX: i32,
  stepY: i32,
  pixelBytes: i32,
): void {
  const step = stepX * pixelBytes;
  for (let y = 0; y < height; y++) {
    let from = source + (start + y * stepY) * pixelBytes;
    if (stepX == 1) {
      memory.copy(target, from, width * pixelBytes);
      target += width * pixelBytes;
    } else if (pixelBytes == 3) {
      let x = 0;
      if (stepX == -1)
        for (; x + 4 <= width; x += 4, from -= 12, target += 12)
          v128.store(target, v128.swizzle(v128.load(from - 9), i8x16(9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2, -1, -1, -1, -1)));
      for (; x < width; x++, from += step, target += 3) {
        store<u16>(target, load<u16>(from));
        store<u8>(target, load<u8>(from, 2), 2);
      }
    } else if (pixelBytes == 1) {
      for (let x = 0; x < width; x++, from += step) store<u8>(target++, load<u8>(from));
    } else if (pixelBytes == 4) {
      for (let x = 0; x < width; x++, from += step, target += 4) store<u32>(target, load<u32>(from));
    } else {
      for (let x = 0; x < width; x++, from += step, target += pixelBytes) memory.copy(target, from, pixelBytes);
    }
  }
}

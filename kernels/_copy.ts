/** Copies for decoders that may run past the end: the host leaves `slack` bytes behind each buffer. */

/** Bytes behind a buffer that a copy may touch. */
export const slack: usize = 64;

/** Copies at least `size` bytes between ranges that are apart, 32 at a time. */
// @ts-ignore: decorator
@inline
export function copyApart(dst: usize, src: usize, size: usize): void {
  const end = dst + size;
  do {
    v128.store(dst, v128.load(src));
    v128.store(dst, v128.load(src, 16), 16);
    dst += 32;
    src += 32;
  } while (dst < end);
}

/** For each distance below 16, indexes that repeat the last `distance` bytes over 16. */
const patterns = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1,
  0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0,
  0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3,
  0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0,
  0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3,
  0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 1,
  0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 6,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1, 2, 3, 4,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 1, 2,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0, 1,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0,
], 16);

/** Repeats the `distance` bytes before `dst` over `size` bytes and a little more. */
// @ts-ignore: decorator
@inline
export function copyMatch(dst: usize, distance: usize, size: usize): void {
  const end = dst + size;
  let from = dst - distance;
  if (distance >= 16) {
    do {
      v128.store(dst, v128.load(from));
      dst += 16;
      from += 16;
    } while (dst < end);
    return;
  }
  const v = v128.swizzle(v128.load(from), v128.load(patterns + (distance << 4)));
  const step = 16 - (16 % (distance as u32)) as usize;
  do {
    v128.store(dst, v);
    dst += step;
  } while (dst < end);
}

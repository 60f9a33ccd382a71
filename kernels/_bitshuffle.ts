/**
 * Bit shuffle: the k-th bits of all elements stand together, eight elements to a byte. Counts of elements that are no multiple of 8 are
 * the caller's business.
 */

import { shuffle, unshuffle } from "./_shuffle";

/** `count` elements (a multiple of 8) of `typeSize` bytes; `scratch` has the same size. */
export function bitshuffle(src: usize, dst: usize, count: usize, typeSize: usize, scratch: usize): void {
  let planes = src;
  if (typeSize > 1) {
    shuffle(src, scratch, count, typeSize, 0, count);
    planes = scratch;
  }
  const row = count >> 3;
  for (let byte: usize = 0; byte < typeSize; byte++) {
    const from = planes + byte * count;
    const to = dst + byte * count;
    let i: usize = 0;
    for (; i + 16 <= count; i += 16) {
      // The sign bits of 16 bytes make 2 bytes of the row of bit 7; doubling moves the next bit there.
      let v = v128.load(from + i);
      let at = to + 7 * row + (i >> 3);
      for (let bit = 0; bit < 8; bit++, at -= row) {
        store<u16>(at, v128.bitmask<i8>(v) as u16);
        v = v128.add<i8>(v, v);
      }
    }
    if (i < count) {
      let v = v128.load64_zero(from + i);
      let at = to + 7 * row + (i >> 3);
      for (let bit = 0; bit < 8; bit++, at -= row) {
        store<u8>(at, v128.bitmask<i8>(v) as u8);
        v = v128.add<i8>(v, v);
      }
    }
  }
}

/** The inverse of {@link bitshuffle}. */
export function bitunshuffle(src: usize, dst: usize, count: usize, typeSize: usize, scratch: usize): void {
  // Byte m of the eight rows of a plane holds eight elements: bring them together, then transpose 8×8 bits.
  const planes = typeSize > 1 ? scratch : dst;
  const row = count >> 3;
  for (let byte: usize = 0; byte < typeSize; byte++) {
    const plane = planes + byte * count;
    unshuffle(src + byte * count, plane, row, 8, 0, row);
    let i: usize = 0;
    for (; i + 16 <= count; i += 16) v128.store(plane + i, transpose(v128.load(plane + i)));
    if (i < count) v128.store64_lane(plane + i, transpose(v128.load64_zero(plane + i)), 0);
  }
  if (typeSize > 1) unshuffle(scratch, dst, count, typeSize, 0, count);
}

/** Transposes the 8×8 bits of each half: bit k of byte j becomes bit j of byte k (Warren, "Hacker's Delight", section 7-3). */
// @ts-ignore: decorator
@inline
function transpose(v: v128): v128 {
  let x = v;
  let t = v128.and(v128.xor(x, v128.shr<u64>(x, 7)), i64x2.splat(0x00aa00aa00aa00aa));
  x = v128.xor(x, v128.xor(t, v128.shl<u64>(t, 7)));
  t = v128.and(v128.xor(x, v128.shr<u64>(x, 14)), i64x2.splat(0x0000cccc0000cccc));
  x = v128.xor(x, v128.xor(t, v128.shl<u64>(t, 14)));
  t = v128.and(v128.xor(x, v128.shr<u64>(x, 28)), i64x2.splat(0x00000000f0f0f0f0));
  return v128.xor(x, v128.xor(t, v128.shl<u64>(t, 28)));
}

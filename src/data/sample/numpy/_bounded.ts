/** Integers in [0, range], by the two methods that NumPy has. */

import type { BitGenerator } from "./pcg64.ts";

/**
 * Lemire's: multiplication, and rejection of the few that would be too many. What `Generator` does.
 *
 * @source Lemire, "Fast Random Integer Generation in an Interval", 2019, https://arxiv.org/abs/1805.10941, Algorithm 5.
 */
export function lemireBounded(bits: BitGenerator, range: number): number {
  if (range === 0) return 0;
  if (range === 0xffffffff) return bits.nextUint32();
  if (range > 0xffffffff) return Number(lemireBounded64(bits, BigInt(range)));
  const size = range + 1;
  // A product of two uint32 as (high, low), the low half exact by `imul`; the difference is then a multiple of 2^32 below 2^64.
  let value = bits.nextUint32();
  let low = Math.imul(value, size) >>> 0;
  if (low < size) {
    const threshold = (0xffffffff - range) % size;
    while (low < threshold) {
      value = bits.nextUint32();
      low = Math.imul(value, size) >>> 0;
    }
  }
  return highHalf(value, size, low);
}

/** High 32 bits of `a · b`, whose low 32 bits are `low`. */
function highHalf(a: number, b: number, low: number): number {
  // The double is off by at most 2^10, and the true difference is a multiple of 2^32.
  return Math.round((a * b - low) / 4294967296);
}

/** BigInt: ranges beyond 2^32 are rare (about 2 million a second). */
function lemireBounded64(bits: BitGenerator, range: bigint): bigint {
  const size = range + 1n;
  let product = bits.nextUint64() * size;
  if (BigInt.asUintN(64, product) < size) {
    const threshold = ((1n << 64n) - size) % size;
    while (BigInt.asUintN(64, product) < threshold) product = bits.nextUint64() * size;
  }
  return product >> 64n;
}

/** Masked rejection: draws with as many bits as the range has, until one is inside. What `RandomState` does. */
export function maskedBounded(bits: BitGenerator, range: number): number {
  if (range === 0) return 0;
  if (range > 0xffffffff) {
    const mask = (1n << BigInt(range.toString(2).length)) - 1n;
    for (;;) {
      const value = Number(bits.nextUint64() & mask);
      if (value <= range) return value;
    }
  }
  const mask = 0xffffffff >>> Math.clz32(range);
  for (;;) {
    const value = (bits.nextUint32() & mask) >>> 0;
    if (value <= range) return value;
  }
}

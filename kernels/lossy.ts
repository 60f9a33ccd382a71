/** Rounding floats to fewer bits. */

export { heapBase } from "./_memory";

/**
 * Rounds `count` float32 in place to `keep` bits of mantissa [0, 23), to nearest even. Zeros, subnormals, infinities and NaN stay, and so
 * does what would round to an infinity.
 */
export function roundBits32(at: usize, count: usize, keep: u32): void {
  const drop = 23 - keep;
  const half = ((1 as u32) << (drop - 1)) - 1;
  const mask = ~(((1 as u32) << drop) - 1);
  const end = at + (count << 2);
  for (; at < end; at += 4) {
    const bits = load<u32>(at);
    const exponent = bits & 0x7f800000;
    if (exponent == 0 || exponent == 0x7f800000) continue;
    const rounded = (bits + half + ((bits >> drop) & 1)) & mask;
    if ((rounded & 0x7f800000) != 0x7f800000) store<u32>(at, rounded);
  }
}

/** The same of float64, with `keep` in [0, 52). */
export function roundBits64(at: usize, count: usize, keep: u32): void {
  const drop = (52 - keep) as u64;
  const half = ((1 as u64) << (drop - 1)) - 1;
  const mask = ~(((1 as u64) << drop) - 1);
  const end = at + (count << 3);
  for (; at < end; at += 8) {
    const bits = load<u64>(at);
    const exponent = bits & 0x7ff0000000000000;
    if (exponent == 0 || exponent == 0x7ff0000000000000) continue;
    const rounded = (bits + half + ((bits >> drop) & 1)) & mask;
    if ((rounded & 0x7ff0000000000000) != 0x7ff0000000000000) store<u64>(at, rounded);
  }
}

/** PCG XSL-RR 128/64: the bits below NumPy's default generator. */

export { heapBase } from "./_memory";

const multiplierHigh: u64 = 0x2360ed051fc65da4;
const multiplierLow: u64 = 0x4385df649fccf645;

/** High 64 bits of a 128-bit product. */
// @ts-ignore: decorator
@inline
function mulHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >> 32);
  const cross = (middle & 0xffffffff) + aLow * bHigh;
  return aHigh * bHigh + (middle >> 32) + (cross >> 32);
}

/**
 * Writes the next `count` uint64 at `out`. At `generator` are four uint64: state low, state high, increment low, increment high;
 * the state is advanced.
 */
export function generate(generator: usize, out: usize, count: u32): void {
  let low = load<u64>(generator);
  let high = load<u64>(generator, 8);
  const incrementLow = load<u64>(generator, 16);
  const incrementHigh = load<u64>(generator, 24);
  for (let i: u32 = 0; i < count; i++) {
    high = mulHigh(low, multiplierLow) + low * multiplierHigh + high * multiplierLow + incrementHigh;
    low = low * multiplierLow + incrementLow;
    high += u64(low < incrementLow);
    store<u64>(out + (<usize>i << 3), rotr<u64>(high ^ low, high >> 58));
  }
  store<u64>(generator, low);
  store<u64>(generator, high, 8);
}

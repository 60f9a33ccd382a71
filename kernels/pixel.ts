/**
 * Fields of random numbers, each a pure function of (seed, stream, index): Philox4x32-10, four blocks a step. Everything is integer or
 * plain IEEE arithmetic, so all machines make the same field.
 *
 * Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
 */

export { heapBase } from "./_memory";

/** High halves of the four 64-bit products of uint32 lanes. */
// @ts-ignore: decorator
@inline
function mulHigh(a: v128, b: v128): v128 {
  const low = i64x2.extmul_low_i32x4_u(a, b);
  const high = i64x2.extmul_high_i32x4_u(a, b);
  return v128.shuffle<i32>(low, high, 1, 3, 5, 7);
}

/**
 * Writes random uint32: word 4b + j is word j of the block with counter (b, 0, stream, 0).
 *
 * @param target - Room for `count` rounded up to 16 words.
 * @param first - Number of the first word, a multiple of 16.
 */
export function words(target: usize, first: i32, count: i32, key0: u32, key1: u32, stream: u32): void {
  const m0 = i32x4.splat(0xd2511f53);
  const m1 = i32x4.splat(0xcd9e8d57);
  for (let i: i32 = 0; i < count; i += 16) {
    let c0 = i32x4.add(i32x4.splat((first + i) >>> 2), i32x4(0, 1, 2, 3));
    let c1 = i32x4.splat(0);
    let c2 = i32x4.splat(<i32>stream);
    let c3 = i32x4.splat(0);
    let k0 = key0;
    let k1 = key1;
    for (let round = 0; round < 10; round++) {
      const high0 = mulHigh(m0, c0);
      const low0 = i32x4.mul(m0, c0);
      const high1 = mulHigh(m1, c2);
      const low1 = i32x4.mul(m1, c2);
      c0 = v128.xor(v128.xor(high1, c1), i32x4.splat(<i32>k0));
      c1 = low1;
      c2 = v128.xor(v128.xor(high0, c3), i32x4.splat(<i32>k1));
      c3 = low0;
      k0 += 0x9e3779b9;
      k1 += 0xbb67ae85;
    }
    // Lanes are blocks: transposed, so that a block's words lie together.
    const a = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5);
    const b = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5);
    const c = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7);
    const d = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
    const at = target + (<usize>i << 2);
    v128.store(at, v128.shuffle<i64>(a, b, 0, 2));
    v128.store(at, v128.shuffle<i64>(a, b, 1, 3), 16);
    v128.store(at, v128.shuffle<i64>(c, d, 0, 2), 32);
    v128.store(at, v128.shuffle<i64>(c, d, 1, 3), 48);
  }
}

/** Writes float32 in [0, 1), of 24 random bits. */
export function uniforms(target: usize, first: i32, count: i32, key0: u32, key1: u32, stream: u32): void {
  words(target, first, count, key0, key1, stream);
  const scale = f32x4.splat(1.0 / 16777216.0);
  for (let i: i32 = 0; i < count; i += 4) {
    const at = target + (<usize>i << 2);
    v128.store(at, f32x4.mul(f32x4.convert_i32x4_u(i32x4.shr_u(v128.load(at), 8)), scale));
  }
}

/** Quantile of the standard normal in the tails, where a logarithm is needed. `word` stands for p = (word + 1/2) / 2^32. */
function tailQuantile(word: u32): f32 {
  const p = (<f64>word + 0.5) * (1.0 / 4294967296.0);
  const isLow = p < 0.5;
  let r = Math.sqrt(-Math.log(isLow ? p : 1.0 - p));
  let value: f64;
  if (r <= 5.0) {
    r -= 1.6;
    value =
      (((1.7023821103e-1 * r + 1.3067284816) * r + 2.75681539) * r + 1.4234372777) /
      ((1.2021132975e-1 * r + 7.370016425e-1) * r + 1.0);
  } else {
    r -= 5.0;
    value =
      (((1.7337203997e-2 * r + 4.2868294337e-1) * r + 3.081226386) * r + 6.657905115) /
      ((1.2258202635e-2 * r + 2.4197894225e-1) * r + 1.0);
  }
  return <f32>(isLow ? -value : value);
}

/**
 * Writes standard normal variates in float32, by the quantile function, so one word gives one variate.
 *
 * Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", 1988, PPND7 (7 digits).
 */
export function normals(target: usize, first: i32, count: i32, key0: u32, key1: u32, stream: u32): void {
  words(target, first, count, key0, key1, stream);
  for (let i: i32 = 0; i < count; i += 4) {
    const at = target + (<usize>i << 2);
    const word = v128.load(at);
    // q = p − 1/2 in [−1/2, 1/2): the word with its top bit flipped is a signed number.
    const signed = v128.xor(word, i32x4.splat(0x80000000));
    const q = f32x4.mul(f32x4.convert_i32x4_s(signed), f32x4.splat(1.0 / 4294967296.0));
    const r = f32x4.sub(f32x4.splat(0.180625), f32x4.mul(q, q));
    let top = f32x4.add(f32x4.mul(f32x4.splat(59.10937472), r), f32x4.splat(159.29113202));
    top = f32x4.add(f32x4.mul(top, r), f32x4.splat(50.434271938));
    top = f32x4.add(f32x4.mul(top, r), f32x4.splat(3.3871327179));
    let bottom = f32x4.add(f32x4.mul(f32x4.splat(67.1875636), r), f32x4.splat(78.757757664));
    bottom = f32x4.add(f32x4.mul(bottom, r), f32x4.splat(17.895169469));
    bottom = f32x4.add(f32x4.mul(bottom, r), f32x4.splat(1.0));
    v128.store(at, f32x4.div(f32x4.mul(q, top), bottom));
    const tails = i32x4.bitmask(f32x4.gt(f32x4.abs(q), f32x4.splat(0.425)));
    if (tails == 0) continue;
    if (tails & 1) store<f32>(at, tailQuantile(i32x4.extract_lane(word, 0)));
    if (tails & 2) store<f32>(at, tailQuantile(i32x4.extract_lane(word, 1)), 4);
    if (tails & 4) store<f32>(at, tailQuantile(i32x4.extract_lane(word, 2)), 8);
    if (tails & 8) store<f32>(at, tailQuantile(i32x4.extract_lane(word, 3)), 12);
  }
}

/** Writes Laplace variates of scale 1 in float32, by the quantile function. */
export function laplaces(target: usize, first: i32, count: i32, key0: u32, key1: u32, stream: u32): void {
  words(target, first, count, key0, key1, stream);
  for (let i: i32 = 0; i < count; i++) {
    const at = target + (<usize>i << 2);
    const word = load<u32>(at);
    // The top bit is the sign; the others are the probability of that half, never 0.
    const rest = (<f64>(word & 0x7fffffff) + 0.5) * (1.0 / 2147483648.0);
    const value = -Math.log(rest);
    store<f32>(at, <f32>((word & 0x80000000) == 0 ? -value : value));
  }
}

/**
 * Adds noise to 8-bit values: `round(value + scale · noise)`, halves to the even integer, clipped.
 *
 * @param count - Rounded up to 16 by the caller's reservations.
 */
export function add8(pixels: usize, noise: usize, count: i32, scale: f32): void {
  const factor = f32x4.splat(scale);
  for (let i: i32 = 0; i < count; i += 16) {
    const bytes = v128.load(pixels + i);
    const low = i16x8.extend_low_i8x16_u(bytes);
    const high = i16x8.extend_high_i8x16_u(bytes);
    const at = noise + (<usize>i << 2);
    const a = addFour(i32x4.extend_low_i16x8_u(low), v128.load(at), factor);
    const b = addFour(i32x4.extend_high_i16x8_u(low), v128.load(at, 16), factor);
    const c = addFour(i32x4.extend_low_i16x8_u(high), v128.load(at, 32), factor);
    const d = addFour(i32x4.extend_high_i16x8_u(high), v128.load(at, 48), factor);
    v128.store(
      pixels + i,
      i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)),
    );
  }
}

// @ts-ignore: decorator
@inline
function addFour(values: v128, noise: v128, factor: v128): v128 {
  const sum = f32x4.add(f32x4.convert_i32x4_s(values), f32x4.mul(noise, factor));
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(sum));
}

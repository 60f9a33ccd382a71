/**
 * Integers made small before they are compressed: differences, and only as many bytes as the values need. Kinds of integers are numbered
 * by the logarithm of their bytes, signed ones 4 higher. Differences wrap around, so every input comes back.
 */

export { heapBase } from "./_memory";

function rangeOf<T>(src: usize, count: usize, out: usize): void {
  let least = load<T>(src);
  let most = least;
  for (let i: usize = 1; i < count; i++) {
    const value = load<T>(src + i * sizeof<T>());
    if (value < least) least = value;
    if (value > most) most = value;
  }
  store<i64>(out, least as i64);
  store<i64>(out, most as i64, 8);
}

/** Least and greatest of `count` (at least 1) integers, as two int64 at `out`; of uint64, as their bits. */
export function range(src: usize, count: usize, kind: i32, out: usize): void {
  switch (kind) {
    case 0: return rangeOf<u8>(src, count, out);
    case 1: return rangeOf<u16>(src, count, out);
    case 2: return rangeOf<u32>(src, count, out);
    case 3: return rangeOf<u64>(src, count, out);
    case 4: return rangeOf<i8>(src, count, out);
    case 5: return rangeOf<i16>(src, count, out);
    case 6: return rangeOf<i32>(src, count, out);
    default: return rangeOf<i64>(src, count, out);
  }
}

function shiftTo<T, U>(src: usize, count: usize, base: i64, dst: usize): void {
  for (let i: usize = 0; i < count; i++)
    store<U>(dst + i * sizeof<U>(), ((load<T>(src + i * sizeof<T>()) as i64) + base) as U);
}

function shiftFrom<T>(src: usize, count: usize, base: i64, width: i32, dst: usize): void {
  switch (width) {
    case 1: return shiftTo<T, u8>(src, count, base, dst);
    case 2: return shiftTo<T, u16>(src, count, base, dst);
    case 4: return shiftTo<T, u32>(src, count, base, dst);
    default: return shiftTo<T, u64>(src, count, base, dst);
  }
}

/** Adds `base` to integers of a kind and stores the low `width` bytes of each. */
export function shift(src: usize, count: usize, kind: i32, base: i64, width: i32, dst: usize): void {
  switch (kind) {
    case 0: return shiftFrom<u8>(src, count, base, width, dst);
    case 1: return shiftFrom<u16>(src, count, base, width, dst);
    case 2: return shiftFrom<u32>(src, count, base, width, dst);
    case 3: return shiftFrom<u64>(src, count, base, width, dst);
    case 4: return shiftFrom<i8>(src, count, base, width, dst);
    case 5: return shiftFrom<i16>(src, count, base, width, dst);
    case 6: return shiftFrom<i32>(src, count, base, width, dst);
    default: return shiftFrom<i64>(src, count, base, width, dst);
  }
}

/** Zigzag: 0, −1, 1, −2, … become 0, 1, 2, 3, …, so that small differences are small numbers. */
function differencesOf<S, U>(src: usize, count: usize, dst: usize): void {
  const top = (sizeof<S>() * 8 - 1) as S;
  let before: S = 0;
  for (let i: usize = 0; i < count; i++) {
    const value = load<S>(src + i * sizeof<S>());
    const difference = (value - before) as S;
    store<U>(dst + i * sizeof<U>(), ((difference << 1) ^ (difference >> top)) as U);
    before = value;
  }
}

function sumsOf<S, U>(src: usize, count: usize, dst: usize): void {
  let value: S = 0;
  for (let i: usize = 0; i < count; i++) {
    const zigzag = load<U>(src + i * sizeof<U>());
    value = (value + (((zigzag >> 1) as S) ^ (-((zigzag & 1) as S) as S))) as S;
    store<S>(dst + i * sizeof<S>(), value);
  }
}

/** Each integer of `width` bytes less the one before it, zigzag. May work in place. */
export function differences(src: usize, count: usize, width: i32, dst: usize): void {
  switch (width) {
    case 1: return differencesOf<i8, u8>(src, count, dst);
    case 2: return differencesOf<i16, u16>(src, count, dst);
    case 4: return differencesOf<i32, u32>(src, count, dst);
    default: return differencesOf<i64, u64>(src, count, dst);
  }
}

/** The inverse of {@link differences}. */
export function sums(src: usize, count: usize, width: i32, dst: usize): void {
  switch (width) {
    case 1: return sumsOf<i8, u8>(src, count, dst);
    case 2: return sumsOf<i16, u16>(src, count, dst);
    case 4: return sumsOf<i32, u32>(src, count, dst);
    default: return sumsOf<i64, u64>(src, count, dst);
  }
}

function xorOf<U>(src: usize, count: usize, dst: usize): void {
  let before: U = 0;
  for (let i: usize = 0; i < count; i++) {
    const value = load<U>(src + i * sizeof<U>());
    store<U>(dst + i * sizeof<U>(), value ^ before);
    before = value;
  }
}

function unxorOf<U>(src: usize, count: usize, dst: usize): void {
  let value: U = 0;
  for (let i: usize = 0; i < count; i++) {
    value ^= load<U>(src + i * sizeof<U>());
    store<U>(dst + i * sizeof<U>(), value);
  }
}

/** The bits in which each element of `width` bytes differs from the one before it: for floats that change slowly. */
export function xor(src: usize, count: usize, width: i32, dst: usize): void {
  switch (width) {
    case 1: return xorOf<u8>(src, count, dst);
    case 2: return xorOf<u16>(src, count, dst);
    case 4: return xorOf<u32>(src, count, dst);
    default: return xorOf<u64>(src, count, dst);
  }
}

/** The inverse of {@link xor}. */
export function unxor(src: usize, count: usize, width: i32, dst: usize): void {
  switch (width) {
    case 1: return unxorOf<u8>(src, count, dst);
    case 2: return unxorOf<u16>(src, count, dst);
    case 4: return unxorOf<u32>(src, count, dst);
    default: return unxorOf<u64>(src, count, dst);
  }
}

/**
 * MinHash signatures of UTF-8 text, one pass over the bytes and one over the shingles.
 *
 * 1. `shingles`: bytes → words (case, digits, punctuation and spaces normalised) → a 64-bit FNV-1a hash per word → a rolling polynomial over
 *    `size` word hashes → 64 well mixed bits per shingle.
 * 2. `minima`: of the high 32 bits, for 16 permutations x → a·x + b mod 2^32 at a time, held in registers, the least value over all shingles.
 */

export { heapBase } from "./_memory";

const fnvOffset: u64 = 0xcbf29ce484222325;
const fnvPrime: u64 = 0x100000001b3;
const base: u64 = 0x9e3779b97f4a7c15;

/** By byte: 0 separates words, 1 begins a sequence of several bytes, anything else is what the byte counts as. */
const classes = memory.data(256);

/** Fills the table of bytes. Call it once. */
export function start(): void {
  for (let i = 0; i < 256; i++) {
    const isLetter = i >= 97 && i <= 122;
    const isCapital = i >= 65 && i <= 90;
    const isDigit = i >= 48 && i <= 57;
    const value = isLetter ? i : isCapital ? i + 32 : isDigit ? 48 : i >= 128 ? 1 : 0;
    store<u8>(classes + i, <u8>value);
  }
}

/** Scripts written without spaces: each character is a word. */
function isUnspaced(c: u32): bool {
  return (
    (c >= 0x3040 && c <= 0x30ff) || // Hiragana, Katakana
    (c >= 0x3400 && c <= 0x9fff) || // Han
    (c >= 0xf900 && c <= 0xfaff) ||
    (c >= 0x20000 && c <= 0x3ffff) ||
    (c >= 0x0e00 && c <= 0x0eff) || // Thai, Lao
    (c >= 0x1000 && c <= 0x109f) || // Myanmar
    (c >= 0x1780 && c <= 0x17ff) // Khmer
  );
}

/** Punctuation, symbols and spaces beyond ASCII. */
function isSeparator(c: u32): bool {
  return (
    (c >= 0x80 && c < 0xc0 && c != 0xaa && c != 0xb5 && c != 0xba) ||
    c == 0xd7 ||
    c == 0xf7 ||
    (c >= 0x2000 && c <= 0x2bff) || // general punctuation to arrows, box drawing, symbols
    (c >= 0x2e00 && c <= 0x2e7f) ||
    (c >= 0x3000 && c <= 0x303f) || // CJK punctuation
    c == 0x30fb ||
    (c >= 0xfe10 && c <= 0xfe6f) ||
    (c >= 0xff00 && c <= 0xff0f) || // full width
    (c >= 0xff1a && c <= 0xff20) ||
    (c >= 0xff3b && c <= 0xff40) ||
    (c >= 0xff5b && c <= 0xff65) ||
    (c >= 0x1f000 && c <= 0x1faff) || // pictographs
    c == 0xfeff ||
    c == 0xfffd
  );
}

/** Lower case of the scripts that have it, as far as a range says it. */
function lower(c: u32): u32 {
  if (c >= 0xc0 && c <= 0xde) return c + 32;
  if (c >= 0x100 && c <= 0x177) return (c >= 0x139 && c <= 0x148) ? c + (c & 1) : c | 1;
  if (c >= 0x391 && c <= 0x3a9) return c + 32; // Greek
  if (c >= 0x410 && c <= 0x42f) return c + 32; // Cyrillic
  if (c >= 0x400 && c <= 0x40f) return c + 80;
  if (c >= 0x460 && c <= 0x52f) return c | 1;
  if (c >= 0x531 && c <= 0x556) return c + 48; // Armenian
  if (c >= 0x1e00 && c <= 0x1eff) return c | 1; // Latin of Vietnamese and others
  return c;
}

/** Mixes 64 bits (the finaliser of MurmurHash3). */
function mix(h: u64): u64 {
  let x = h ^ (h >> 33);
  x *= 0xff51afd7ed558ccd;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53;
  return x ^ (x >> 33);
}

let ring: usize = memory.data(8 * 64); // hashes of the last words
let numWords: i32 = 0;
let rolling: u64 = 0;
let leaving: u64 = 1; // base to the power of the shingle's size

/** Takes a word's hash; writes the shingle that it completes. */
// @ts-ignore: decorator
@inline
function push(hash: u64, size: i32, out: usize): void {
  const slot = ring + ((<usize>numWords & 63) << 3);
  rolling = rolling * base + hash;
  if (numWords >= size) rolling -= load<u64>(ring + ((<usize>(numWords - size) & 63) << 3)) * leaving;
  store<u64>(slot, hash);
  numWords++;
  if (numWords >= size) store<u64>(out + (<usize>(numWords - size) << 3), mix(rolling));
}

/**
 * Shingles of a text.
 *
 * @param text - Address of valid UTF-8.
 * @param length - Bytes.
 * @param size - Words of a shingle, [1, 32].
 * @param out - Address for 8 · (length / 2 + 1) bytes: a uint64 per shingle.
 * @returns Shingles written. A text with words, but fewer than `size`, is one shingle.
 */
export function shingles(text: usize, length: i32, size: i32, out: usize): i32 {
  numWords = 0;
  rolling = 0;
  leaving = 1;
  for (let i = 0; i < size; i++) leaving *= base;
  let hash = fnvOffset;
  let at = text;
  const end = text + <usize>length;
  while (at < end) {
    const kind = <u32>load<u8>(classes + <usize>load<u8>(at));
    if (kind > 48) {
      hash = (hash ^ <u64>kind) * fnvPrime;
      at++;
    } else if (kind == 0) {
      if (hash != fnvOffset) {
        push(hash, size, out);
        hash = fnvOffset;
      }
      at++;
    } else if (kind == 48) {
      hash = (hash ^ 48) * fnvPrime; // a run of digits counts as one
      do at++;
      while (at < end && load<u8>(classes + <usize>load<u8>(at)) == 48);
    } else {
      const first = <u32>load<u8>(at);
      const bytes: u32 = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
      let c = first & (0xff >> (bytes + 1));
      for (let i: u32 = 1; i < bytes; i++) c = (c << 6) | (<u32>load<u8>(at + i) & 0x3f);
      at += bytes;
      if (isSeparator(c) || isUnspaced(c)) {
        if (hash != fnvOffset) push(hash, size, out);
        hash = fnvOffset;
        if (!isSeparator(c)) push((fnvOffset ^ <u64>c) * fnvPrime, size, out);
      } else if (c < 0x300 || c > 0x36f) {
        hash = (hash ^ <u64>lower(c)) * fnvPrime; // combining marks are left out
      }
    }
  }
  if (hash != fnvOffset) push(hash, size, out);
  if (numWords >= size) return numWords - size + 1;
  if (numWords == 0) return 0;
  store<u64>(out, mix(rolling));
  return 1;
}

/**
 * Least value of each permutation over all shingles.
 *
 * @param from - Address of `count` shingles.
 * @param permutations - Address of `num` odd multipliers and then of `num` addends, uint32.
 * @param num - Permutations, a multiple of 16.
 * @param out - Address for `num` uint32.
 */
export function minima(from: usize, count: i32, permutations: usize, num: i32, out: usize): void {
  const addends = permutations + (<usize>num << 2);
  const end = from + (<usize>count << 3);
  for (let i: usize = 0; i < <usize>num << 2; i += 64) {
    const a0 = v128.load(permutations + i);
    const a1 = v128.load(permutations + i, 16);
    const a2 = v128.load(permutations + i, 32);
    const a3 = v128.load(permutations + i, 48);
    const b0 = v128.load(addends + i);
    const b1 = v128.load(addends + i, 16);
    const b2 = v128.load(addends + i, 32);
    const b3 = v128.load(addends + i, 48);
    let m0 = i32x4.splat(-1);
    let m1 = m0;
    let m2 = m0;
    let m3 = m0;
    for (let at = from; at < end; at += 8) {
      const x = v128.load_splat<u32>(at, 4);
      m0 = i32x4.min_u(m0, i32x4.add(i32x4.mul(x, a0), b0));
      m1 = i32x4.min_u(m1, i32x4.add(i32x4.mul(x, a1), b1));
      m2 = i32x4.min_u(m2, i32x4.add(i32x4.mul(x, a2), b2));
      m3 = i32x4.min_u(m3, i32x4.add(i32x4.mul(x, a3), b3));
    }
    v128.store(out + i, m0);
    v128.store(out + i, m1, 16);
    v128.store(out + i, m2, 32);
    v128.store(out + i, m3, 48);
  }
}

/**
 * A 64-bit key per bucket of `rows` minima: two texts share a bucket when the keys are equal.
 *
 * @param signature - Address of `buckets` · `rows` uint32.
 * @param out - Address for `buckets` uint64.
 */
export function keys(signature: usize, buckets: i32, rows: i32, out: usize): void {
  let at = signature;
  for (let bucket = 0; bucket < buckets; bucket++) {
    let h = fnvOffset;
    for (let row = 0; row < rows; row++, at += 4) {
      h = (h ^ <u64>load<u32>(at)) * base;
      h ^= h >> 29;
    }
    store<u64>(out + (<usize>bucket << 3), h * fnvPrime);
  }
}

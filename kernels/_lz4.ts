/**
 * LZ4 blocks, after the published format (lz4_Block_format.md): sequences of a token, literals, a distance of two bytes and a match.
 * The last 5 bytes are literals and the last match starts 12 bytes before the end or earlier.
 */

import { copyApart, copyMatch } from "./_copy";

const hashBits = 12;
const table = memory.data(4 << hashBits, 16);

// @ts-ignore: decorator
@inline
function hashAt(at: usize): usize {
  // Of five bytes: a match of four costs nearly what it saves.
  return (((load<u64>(at) << 24) * 0x9e3779b97f4a7c15) >> (64 - hashBits)) as usize;
}

/** Bytes, up to `limit`, in which `a` and the later `b` agree. */
// @ts-ignore: decorator
@inline
export function commonLength(a: usize, b: usize, limit: usize): usize {
  const start = b;
  while (b + 8 <= limit) {
    const different = load<u64>(a) ^ load<u64>(b);
    if (different != 0) return b - start + ((ctz(different) >> 3) as usize);
    a += 8;
    b += 8;
  }
  while (b < limit && load<u8>(a) == load<u8>(b)) {
    a++;
    b++;
  }
  return b - start;
}

/** A length that did not fit its half of the token: bytes of 255 and the rest. */
// @ts-ignore: decorator
@inline
export function putLength(op: usize, length: usize): usize {
  while (length >= 255) {
    store<u8>(op++, 255);
    length -= 255;
  }
  store<u8>(op++, length as u8);
  return op;
}

/** Ends a block with what is left from `anchor` on. Returns the block's size, or 0 if it does not fit. */
export function lastLiterals(op: usize, anchor: usize, end: usize, dst: usize, dstEnd: usize): usize {
  const literals = end - anchor;
  if (op + literals + literals / 255 + 2 > dstEnd) return 0;
  if (literals < 15) store<u8>(op++, (literals << 4) as u8);
  else {
    store<u8>(op++, 0xf0);
    op = putLength(op, literals - 15);
  }
  memory.copy(op, anchor, literals);
  return op + literals - dst;
}

/**
 * Compresses `size` bytes into at most `capacity`. `acceleration` (1 or more) is how fast the search gives up where nothing repeats.
 * Returns the size, or 0 if it does not fit.
 */
export function lz4Encode(src: usize, size: usize, dst: usize, capacity: usize, acceleration: u32): usize {
  const end = src + size;
  const dstEnd = dst + capacity;
  let op = dst;
  let anchor = src;
  if (size >= 13) {
    const matchLimit = end - 5;
    const searchLimit = end - 12;
    memory.fill(table, 0, 4 << hashBits);
    let ip = src + 1;
    let hash = hashAt(ip);
    while (true) {
      // Look for four bytes that occurred before; the step grows with every 64 failures.
      let reference: usize;
      let next = ip;
      let attempts = acceleration << 6;
      do {
        ip = next;
        next = ip + (attempts++ >> 6);
        if (next > searchLimit) return lastLiterals(op, anchor, end, dst, dstEnd);
        const slot = table + (hash << 2);
        reference = src + load<u32>(slot);
        hash = hashAt(next);
        store<u32>(slot, (ip - src) as u32);
      } while (ip - reference > 65535 || load<u32>(reference) != load<u32>(ip));
      while (ip > anchor && reference > src && load<u8>(ip - 1) == load<u8>(reference - 1)) {
        ip--;
        reference--;
      }
      const literals = ip - anchor;
      if (op + literals + literals / 255 + 16 > dstEnd) return 0;
      let token = op++;
      if (literals < 15) {
        store<u8>(token, (literals << 4) as u8);
        v128.store(op, v128.load(anchor));
      } else {
        store<u8>(token, 0xf0);
        op = putLength(op, literals - 15);
        copyApart(op, anchor, literals);
      }
      op += literals;
      while (true) {
        store<u16>(op, (ip - reference) as u16);
        op += 2;
        const length = commonLength(reference + 4, ip + 4, matchLimit);
        ip += length + 4;
        if (op + length / 255 + 16 > dstEnd) return 0;
        if (length < 15) store<u8>(token, load<u8>(token) | (length as u8));
        else {
          store<u8>(token, load<u8>(token) | 15);
          op = putLength(op, length - 15);
        }
        anchor = ip;
        if (ip > searchLimit) return lastLiterals(op, anchor, end, dst, dstEnd);
        store<u32>(table + (hashAt(ip - 2) << 2), (ip - 2 - src) as u32);
        // Does another match follow at once?
        const slot = table + (hashAt(ip) << 2);
        reference = src + load<u32>(slot);
        store<u32>(slot, (ip - src) as u32);
        if (ip - reference > 65535 || load<u32>(reference) != load<u32>(ip)) break;
        token = op++;
        store<u8>(token, 0);
      }
      ip++;
      if (ip > searchLimit) break;
      hash = hashAt(ip);
    }
  }
  return lastLiterals(op, anchor, end, dst, dstEnd);
}

/** Expands a block into exactly `capacity` bytes. Returns whether it is sound. Both buffers have {@link slack} behind them. */
export function lz4Decode(src: usize, size: usize, dst: usize, capacity: usize): bool {
  const end = src + size;
  const dstEnd = dst + capacity;
  let ip = src;
  let op = dst;
  while (ip < end) {
    const token = load<u8>(ip++) as usize;
    let length = token >> 4;
    if (length < 15) {
      if (ip + length > end || op + length > dstEnd) return false;
      v128.store(op, v128.load(ip));
    } else {
      let more: usize;
      do {
        if (ip >= end) return false;
        more = load<u8>(ip++);
        length += more;
      } while (more == 255);
      if (length > end - ip || length > dstEnd - op) return false;
      copyApart(op, ip, length);
    }
    ip += length;
    op += length;
    if (ip == end) return op == dstEnd;
    if (ip + 2 > end) return false;
    const distance = load<u16>(ip) as usize;
    ip += 2;
    if (distance == 0 || distance > op - dst) return false;
    length = (token & 15) + 4;
    if (length == 19) {
      let more: usize;
      do {
        if (ip >= end) return false;
        more = load<u8>(ip++);
        length += more;
      } while (more == 255);
    }
    if (length > dstEnd - op) return false;
    copyMatch(op, distance, length);
    op += length;
  }
  return false;
}

/**
 * LZ4 blocks as small as a search among many earlier places makes them: every position is linked to the one before it with the same four
 * bytes, and the longest match of up to `attempts` of them is taken, unless the next position has a longer one.
 */

import { copyApart } from "./_copy";
import { commonLength, lastLiterals, putLength } from "./_lz4";

const hashBits = 15;
const window: u32 = 65535;
/** Latest position of each hash, plus one; and of each of the last 65,536 positions, how far back the one before it is. */
const latest = memory.data(4 << 15, 16);
const back = memory.data(2 << 16, 16);

// @ts-ignore: decorator
@inline
function hashAt(at: usize): usize {
  return ((load<u32>(at) * 0x9e3779b1) >> (32 - hashBits)) as usize;
}

/** Start of the match that was found last. */
let found: usize = 0;
let inserted: usize = 0;

/** Links all positions before `at`. */
function insertTo(src: usize, at: usize): void {
  for (; inserted < at; inserted++) {
    const slot = latest + (hashAt(inserted) << 2);
    const position = (inserted - src) as u32;
    const before = load<u32>(slot);
    const distance = position + 1 - before;
    store<u16>(back + ((position & window) << 1), (before == 0 || distance > window ? 0 : distance) as u16);
    store<u32>(slot, position + 1);
  }
}

/** Longest match at `at` that is longer than `least`; 0 if there is none, else its start is `found`. */
function longest(src: usize, at: usize, limit: usize, attempts: u32, least: usize): usize {
  insertTo(src, at);
  const before = load<u32>(latest + (hashAt(at) << 2));
  if (before == 0) return 0;
  let candidate = src + before - 1;
  let best = least;
  while (at - candidate <= window) {
    if (load<u32>(candidate) == load<u32>(at) && load<u8>(candidate + best) == load<u8>(at + best)) {
      const length: usize = 4 + commonLength(candidate + 4, at + 4, limit);
      if (length > best) {
        best = length;
        found = candidate;
      }
    }
    const distance = load<u16>(back + ((((candidate - src) as u32) & window) << 1)) as usize;
    if (distance == 0 || --attempts == 0) break;
    candidate -= distance;
  }
  return best > least ? best : 0;
}

/** Compresses `size` bytes into at most `capacity`; of each position it tries `attempts` (1 or more) others. Returns the size, or 0. */
export function lz4Search(src: usize, size: usize, dst: usize, capacity: usize, attempts: u32): usize {
  const end = src + size;
  const dstEnd = dst + capacity;
  let op = dst;
  let anchor = src;
  if (size < 13) return lastLiterals(op, anchor, end, dst, dstEnd);
  const matchLimit = end - 5;
  const searchLimit = end - 12;
  memory.fill(latest, 0, 4 << hashBits);
  inserted = src;
  let ip = src + 1;
  while (ip <= searchLimit) {
    let length: usize = longest(src, ip, matchLimit, attempts, 3);
    if (length == 0) {
      ip++;
      continue;
    }
    let start = found;
    // One byte later there may be a longer one: that byte becomes a literal.
    while (ip < searchLimit) {
      const next = longest(src, ip + 1, matchLimit, attempts, length);
      if (next == 0) break;
      ip++;
      length = next;
      start = found;
    }
    const literals = ip - anchor;
    if (op + literals + literals / 255 + length / 255 + 32 > dstEnd) return 0;
    const token = op++;
    store<u8>(token, (((literals < 15 ? literals : 15) << 4) | (length - 4 < 15 ? length - 4 : 15)) as u8);
    if (literals >= 15) op = putLength(op, literals - 15);
    copyApart(op, anchor, literals);
    op += literals;
    store<u16>(op, (ip - start) as u16);
    op += 2;
    if (length - 4 >= 15) op = putLength(op, length - 19);
    ip += length;
    anchor = ip;
  }
  return lastLiterals(op, anchor, end, dst, dstEnd);
}

/** BloscLZ, c-blosc's own coder (of the FastLZ family), decoded only: c-blosc reads every codec that we write. */

import { copyApart, copyMatch } from "./_copy";

/** Distances above this one are two bytes more. */
const nearDistance: usize = 8191;

/** Expands a stream into exactly `capacity` bytes. Returns whether it is sound. Both buffers have {@link slack} behind them. */
export function blosclzDecode(src: usize, size: usize, dst: usize, capacity: usize): bool {
  const end = src + size;
  const dstEnd = dst + capacity;
  let ip = src;
  let op = dst;
  if (size == 0) return false;
  // The upper bits of the first control byte are no length: a stream starts with literals.
  let control = (load<u8>(ip++) & 31) as usize;
  while (true) {
    if (control < 32) {
      const literals = control + 1;
      if (ip + literals > end || op + literals > dstEnd) return false;
      copyApart(op, ip, literals);
      op += literals;
      ip += literals;
    } else {
      let length = (control >> 5) + 2;
      let distance = (control & 31) << 8;
      if (length == 9) {
        let more: usize;
        do {
          if (ip >= end) return false;
          more = load<u8>(ip++);
          length += more;
        } while (more == 255);
      }
      if (ip >= end) return false;
      const low = load<u8>(ip++) as usize;
      if (low == 255 && distance == 31 << 8) {
        if (ip + 2 > end) return false;
        distance = nearDistance + ((load<u8>(ip) as usize) << 8) + load<u8>(ip + 1);
        ip += 2;
      } else distance += low;
      distance++;
      if (distance > op - dst || length > dstEnd - op) return false;
      copyMatch(op, distance, length);
      op += length;
    }
    if (ip >= end) return op == dstEnd;
    control = load<u8>(ip++);
  }
}

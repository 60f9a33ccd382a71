/** What lies around an image: the five borders, in the order of the host's list. */

export const CONSTANT: i32 = 0;
const EDGE = 1;
const SYMMETRIC = 2;
const REFLECT = 3;

/** Where element `i` is taken from, of a line of `length`; -1 where a constant stands. */
export function borderIndex(i: i32, length: i32, border: i32): i32 {
  if (u32(i) < u32(length)) return i;
  if (border == CONSTANT) return -1;
  if (border == EDGE) return i < 0 ? 0 : length - 1;
  if (border == SYMMETRIC || border == REFLECT) {
    if (length == 1) return 0;
    // abcd|dcba has the period 2n, abcd|cba has 2n - 2.
    const skip = border == REFLECT ? 1 : 0;
    const period = 2 * (length - skip);
    let k = i % period;
    if (k < 0) k += period;
    return k < length ? k : period - k - 1 + skip;
  }
  const k = i % length;
  return k < 0 ? k + length : k;
}

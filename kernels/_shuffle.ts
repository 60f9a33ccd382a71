/**
 * Byte shuffle: the i-th bytes of all elements stand together, so that what elements have in common (sign, exponent, high bytes) becomes
 * runs. Sizes of 2, 4 and 8 bytes have vector forms; bytes after the last whole element are the host's business.
 */

// @ts-ignore: decorator
@inline
function evens(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}

// @ts-ignore: decorator
@inline
function odds(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

// @ts-ignore: decorator
@inline
function low(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

// @ts-ignore: decorator
@inline
function high(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/**
 * Shuffles the elements from `start` to `end`, which stand at `src`, into the planes of `count` elements at `dst`. A piece at a time leaves
 * more of the cache to the planes.
 */
export function shuffle(src: usize, dst: usize, count: usize, typeSize: usize, start: usize, end: usize): void {
  if (typeSize == 1) {
    memory.copy(dst + start, src, end - start);
    return;
  }
  src -= start * typeSize;
  let i = start;
  if (typeSize == 2) {
    for (; i + 16 <= end; i += 16) {
      const from = src + (i << 1);
      const a = v128.load(from);
      const b = v128.load(from, 16);
      v128.store(dst + i, evens(a, b));
      v128.store(dst + count + i, odds(a, b));
    }
  } else if (typeSize == 4) {
    for (; i + 16 <= end; i += 16) {
      const from = src + (i << 2);
      const a = v128.load(from);
      const b = v128.load(from, 16);
      const c = v128.load(from, 32);
      const d = v128.load(from, 48);
      const e0 = evens(a, b);
      const e1 = evens(c, d);
      const o0 = odds(a, b);
      const o1 = odds(c, d);
      v128.store(dst + i, evens(e0, e1));
      v128.store(dst + count + i, evens(o0, o1));
      v128.store(dst + 2 * count + i, odds(e0, e1));
      v128.store(dst + 3 * count + i, odds(o0, o1));
    }
  } else if (typeSize == 8) {
    for (; i + 16 <= end; i += 16) {
      const from = src + (i << 3);
      // Bytes 0, 2, 4 and 6 of the elements come first (e), then 1, 3, 5 and 7 (o).
      const a = v128.load(from);
      const b = v128.load(from, 16);
      const c = v128.load(from, 32);
      const d = v128.load(from, 48);
      const f = v128.load(from, 64);
      const g = v128.load(from, 80);
      const h = v128.load(from, 96);
      const k = v128.load(from, 112);
      const e0 = evens(a, b);
      const e1 = evens(c, d);
      const e2 = evens(f, g);
      const e3 = evens(h, k);
      const o0 = odds(a, b);
      const o1 = odds(c, d);
      const o2 = odds(f, g);
      const o3 = odds(h, k);
      const ee0 = evens(e0, e1);
      const ee1 = evens(e2, e3);
      const eo0 = odds(e0, e1);
      const eo1 = odds(e2, e3);
      const oe0 = evens(o0, o1);
      const oe1 = evens(o2, o3);
      const oo0 = odds(o0, o1);
      const oo1 = odds(o2, o3);
      v128.store(dst + i, evens(ee0, ee1));
      v128.store(dst + count + i, evens(oe0, oe1));
      v128.store(dst + 2 * count + i, evens(eo0, eo1));
      v128.store(dst + 3 * count + i, evens(oo0, oo1));
      v128.store(dst + 4 * count + i, odds(ee0, ee1));
      v128.store(dst + 5 * count + i, odds(oe0, oe1));
      v128.store(dst + 6 * count + i, odds(eo0, eo1));
      v128.store(dst + 7 * count + i, odds(oo0, oo1));
    }
  }
  for (let byte: usize = 0; byte < typeSize; byte++) {
    let from = src + i * typeSize + byte;
    const to = dst + byte * count;
    for (let j = i; j < end; j++, from += typeSize) store<u8>(to + j, load<u8>(from));
  }
}

/** The inverse of {@link shuffle}: elements from `start` to `end` go to `dst`. */
export function unshuffle(src: usize, dst: usize, count: usize, typeSize: usize, start: usize, end: usize): void {
  if (typeSize == 1) {
    memory.copy(dst, src + start, end - start);
    return;
  }
  dst -= start * typeSize;
  let i = start;
  if (typeSize == 2) {
    for (; i + 16 <= end; i += 16) {
      const a = v128.load(src + i);
      const b = v128.load(src + count + i);
      const to = dst + (i << 1);
      v128.store(to, low(a, b));
      v128.store(to, high(a, b), 16);
    }
  } else if (typeSize == 4) {
    for (; i + 16 <= end; i += 16) {
      const a = v128.load(src + i);
      const b = v128.load(src + count + i);
      const c = v128.load(src + 2 * count + i);
      const d = v128.load(src + 3 * count + i);
      const ac0 = low(a, c);
      const ac1 = high(a, c);
      const bd0 = low(b, d);
      const bd1 = high(b, d);
      const to = dst + (i << 2);
      v128.store(to, low(ac0, bd0));
      v128.store(to, high(ac0, bd0), 16);
      v128.store(to, low(ac1, bd1), 32);
      v128.store(to, high(ac1, bd1), 48);
    }
  } else if (typeSize == 8) {
    for (; i + 16 <= end; i += 16) {
      // Interleaving plane b with plane b + 4, and so on, ends with all eight in order.
      const p0 = v128.load(src + i);
      const p1 = v128.load(src + count + i);
      const p2 = v128.load(src + 2 * count + i);
      const p3 = v128.load(src + 3 * count + i);
      const p4 = v128.load(src + 4 * count + i);
      const p5 = v128.load(src + 5 * count + i);
      const p6 = v128.load(src + 6 * count + i);
      const p7 = v128.load(src + 7 * count + i);
      const a0 = low(p0, p4);
      const a1 = high(p0, p4);
      const b0 = low(p1, p5);
      const b1 = high(p1, p5);
      const c0 = low(p2, p6);
      const c1 = high(p2, p6);
      const d0 = low(p3, p7);
      const d1 = high(p3, p7);
      const ac0 = low(a0, c0);
      const ac1 = high(a0, c0);
      const ac2 = low(a1, c1);
      const ac3 = high(a1, c1);
      const bd0 = low(b0, d0);
      const bd1 = high(b0, d0);
      const bd2 = low(b1, d1);
      const bd3 = high(b1, d1);
      const to = dst + (i << 3);
      v128.store(to, low(ac0, bd0));
      v128.store(to, high(ac0, bd0), 16);
      v128.store(to, low(ac1, bd1), 32);
      v128.store(to, high(ac1, bd1), 48);
      v128.store(to, low(ac2, bd2), 64);
      v128.store(to, high(ac2, bd2), 80);
      v128.store(to, low(ac3, bd3), 96);
      v128.store(to, high(ac3, bd3), 112);
    }
  }
  for (let byte: usize = 0; byte < typeSize; byte++) {
    const from = src + byte * count;
    let to = dst + i * typeSize + byte;
    for (let j = i; j < end; j++, to += typeSize) store<u8>(to, load<u8>(from + j));
  }
}

/** Pairs of perceptual hashes within a distance, without comparing all with all. */

import { countOnes } from "./perceptual-hash.ts";

/**
 * Calls `onNear` for pairs within `distance`.
 *
 * Multi-index hashing: of distance + 1 parts of a pHash, one must be equal in two hashes within that distance, so only hashes that share a
 * part are compared. @source Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index Hashing", 2012,
 * https://arxiv.org/abs/1307.2982.
 *
 * @param hashes - Four uint32 each.
 * @param distance - Most bits that may differ, [0, 31].
 * @param onNear - Gets the numbers of two hashes; a pair can come more than once.
 */
export function findNearHashes(
  hashes: Uint32Array,
  distance: number,
  onNear: (first: number, other: number) => void,
): void {
  const parts = Math.max(2, distance + 1);
  const hashOf = (i: number): Uint32Array => hashes.subarray(4 * i, 4 * i + 4);
  // Equal hashes first: a thousand empty pages are one entry below.
  const different = new Map<string, number>();
  for (let i = 0; i < hashes.length / 4; i++) {
    const key = hashOf(i).join();
    const first = different.get(key);
    if (first === undefined) different.set(key, i);
    else onNear(first, i);
  }
  for (let part = 0; part < parts; part++) {
    const [from, to] = [Math.floor((64 * part) / parts), Math.floor((64 * (part + 1)) / parts)];
    const buckets = new Map<number, number[]>();
    for (const i of different.values()) {
      const key = bits(hashes[4 * i] as number, hashes[4 * i + 1] as number, from, to);
      const bucket = buckets.get(key);
      if (bucket === undefined) buckets.set(key, [i]);
      else bucket.push(i);
    }
    for (const bucket of buckets.values())
      for (const [at, i] of bucket.entries())
        for (let j = 0; j < at; j++) {
          const first = bucket[j] as number;
          if (areNear(hashes, 4 * first, 4 * i, distance)) onNear(first, i);
        }
  }
}

/** The same as by `hammingDistance`, without an object for each hash. */
function areNear(hashes: Uint32Array, a: number, b: number, distance: number): boolean {
  const bits = (i: number): number => countOnes((hashes[a + i] as number) ^ (hashes[b + i] as number));
  return bits(0) + bits(1) <= distance && bits(2) + bits(3) <= distance;
}

/** Bits [from, to) of 64, counted from the most significant; exact for up to 53 of them. */
function bits(high: number, low: number, from: number, to: number): number {
  const slice = (word: number, start: number, end: number): number =>
    end <= start ? 0 : Math.floor((word / 2 ** (32 - end)) % 2 ** (end - start));
  const upper = slice(high, Math.min(from, 32), Math.min(to, 32));
  const lowBits = Math.max(to, 32) - Math.max(from, 32);
  return upper * 2 ** lowBits + slice(low, Math.max(from, 32) - 32, Math.max(to, 32) - 32);
}

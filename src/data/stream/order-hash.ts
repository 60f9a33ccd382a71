/** A number that proves in which order samples came: sums of parts are the hash of the whole, whoever computed them. */

/** Room for a hash: 64 bits. */
const modulus = 1n << 64n;

/** Mixes two 32-bit words well enough that neighbouring positions and rows have nothing to do with each other. */
function mix(a: number, b: number): number {
  let h = Math.imul(a ^ (a >>> 16), 0x7feb352d) ^ Math.imul(b, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) | 0;
}

/** Two words of a number in [0, 2^53). */
const low = (value: number): number => value | 0;
const high = (value: number): number => Math.floor(value / 2 ** 32) | 0;

/**
 * The part of one sample in an order hash.
 *
 * The hash of an epoch, or of any samples, is the sum modulo 2^64 of the parts: ranks can each add up their own and the sum is that of one
 * process, a resumed run goes on from the number in its checkpoint, and one sample lost, repeated or moved changes it. It guards against
 * mistakes, not against an adversary.
 *
 * @param number - Position of the sample in the run, [0, 2^53).
 * @param source - Which source it is from.
 * @param row - Which of its rows it is, [0, 2^53).
 * @returns 64 bits.
 *
 * @example Ranks add up to the whole
 * ```ts
 * import assert from "node:assert/strict";
 * import { addOrderHashes, orderHash } from "cameo/data/stream";
 *
 * const whole = addOrderHashes(orderHash(0, 0, 17), orderHash(1, 0, 4));
 * assert.equal(whole, addOrderHashes(orderHash(1, 0, 4), orderHash(0, 0, 17)));
 * assert.notEqual(whole, addOrderHashes(orderHash(0, 0, 4), orderHash(1, 0, 17)));
 * ```
 */
export function orderHash(number: number, source: number, row: number): bigint {
  const words = [low(number), high(number), source, low(row), high(row)];
  let [a, b] = [0x243f6a88, 0x13198a2e];
  for (const word of words) {
    a = mix(a, word);
    b = mix(b ^ 0x5bd1e995, word ^ a);
  }
  return (BigInt(a >>> 0) << 32n) | BigInt(b >>> 0);
}

/**
 * The order hash of several parts.
 *
 * @param hashes - Of the parts, in any order.
 * @returns Their sum modulo 2^64.
 */
export function addOrderHashes(...hashes: readonly bigint[]): bigint {
  return hashes.reduce((sum, hash) => (sum + hash) % modulus, 0n);
}

/**
 * An order hash as text, as events and checkpoints have it.
 *
 * @param hash - The hash, [0, 2^64).
 * @returns 16 hexadecimal digits.
 */
export function formatOrderHash(hash: bigint): string {
  return hash.toString(16).padStart(16, "0");
}

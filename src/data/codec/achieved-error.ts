/** How far decoded floats are from what they were. */

import type { Floats } from "./round-bits.ts";

/** What was lost, over the finite values. */
export interface AchievedError {
  /** Greatest difference. */
  readonly maxAbsolute: number;
  /** Greatest difference divided by the value, over values that are not zero. */
  readonly maxRelative: number;
  /** Peak signal-to-noise ratio, the range being the peak [dB]; null where nothing was lost. */
  readonly psnr: number | null;
}

const smallestNormal = { 4: 2 ** -126, 8: 2 ** -1022 } as const;

/** Whether a value must come back bit by bit: NaN, an infinity, −0 or a subnormal. */
export function isSpecial(values: Floats, index: number): boolean {
  const value = values[index] as number;
  if (value === 0) return Object.is(value, -0);
  return !(Math.abs(value) >= smallestNormal[values.BYTES_PER_ELEMENT as 4 | 8]) || !Number.isFinite(value);
}

/**
 * Whether all decoded values are within a bound, and the special ones equal bit by bit.
 *
 * @param values - What they were.
 * @param decoded - What they are.
 * @param bound - On each difference, or on each divided by the value.
 */
export function withinBound(
  values: Floats,
  decoded: Floats,
  bound: { readonly absolute: number } | { readonly relative: number },
): boolean {
  if (decoded.length !== values.length) return false;
  const [from, to] = [values, decoded].map(
    (each) => new Uint32Array(each.buffer, each.byteOffset, each.byteLength / 4),
  ) as [Uint32Array, Uint32Array];
  const words = values.BYTES_PER_ELEMENT / 4;
  for (let i = 0; i < values.length; i++) {
    if (isSpecial(values, i)) {
      for (let word = 0; word < words; word++) if (from[words * i + word] !== to[words * i + word]) return false;
      continue;
    }
    const value = values[i] as number;
    const limit = "absolute" in bound ? bound.absolute : bound.relative * Math.abs(value);
    if (!(Math.abs((decoded[i] as number) - value) <= limit) || !Number.isFinite(decoded[i])) return false;
  }
  return true;
}

/**
 * Measures what was lost.
 *
 * @param values - What they were.
 * @param decoded - What they are; as many.
 * @returns See {@link AchievedError}.
 *
 * @example One value moved by a hundredth
 * ```ts
 * import assert from "node:assert/strict";
 * import { measureError } from "cameo/data/codec";
 *
 * const error = measureError(Float64Array.of(0, 1, 2), Float64Array.of(0, 1.01, 2));
 * assert.ok(Math.abs(error.maxAbsolute - 0.01) < 1e-12 && Math.abs(error.maxRelative - 0.01) < 1e-12);
 * assert.equal(Math.round(error.psnr as number), 51);
 * ```
 */
export function measureError(values: Floats, decoded: Floats): AchievedError {
  let [maxAbsolute, maxRelative, squares, count] = [0, 0, 0, 0];
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) continue;
    count++;
    if (value < least) least = value;
    if (value > most) most = value;
    const difference = Math.abs((decoded[i] as number) - value);
    if (difference === 0) continue;
    squares += difference * difference;
    if (difference > maxAbsolute) maxAbsolute = difference;
    const relative = difference / Math.abs(value);
    if (value !== 0 && relative > maxRelative) maxRelative = relative;
  }
  const psnr = squares === 0 ? null : 20 * Math.log10(most - least) - 10 * Math.log10(squares / count);
  return { maxAbsolute, maxRelative, psnr: psnr === null || Number.isFinite(psnr) ? psnr : null };
}

/** The error of two parts together; the ratio is that of the worse. */
export function worseError(a: AchievedError, b: AchievedError): AchievedError {
  const psnr = a.psnr === null ? b.psnr : b.psnr === null ? a.psnr : Math.min(a.psnr, b.psnr);
  return {
    maxAbsolute: Math.max(a.maxAbsolute, b.maxAbsolute),
    maxRelative: Math.max(a.maxRelative, b.maxRelative),
    psnr,
  };
}

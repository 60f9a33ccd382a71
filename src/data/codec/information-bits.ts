/** How many bits of floats say something. */

import { type Floats, mantissaBits } from "./round-bits.ts";

/** Options of {@link informationBits}. */
export interface InformationBitsOptions {
  /** Share of the information to keep (0, 1]. @defaultValue 0.99 */
  readonly information?: number;
}

/** Bits in an element, in words of 32 from the most significant. */
function wordsOf(values: Floats): { readonly words: Uint32Array; readonly perValue: number } {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.byteLength / 4);
  return { words, perValue: values.BYTES_PER_ELEMENT / 4 };
}

/**
 * Chooses bits of mantissa by mutual information: the fewest that keep a share of what each bit says about the same bit of the next value.
 *
 * For values in an order that means something (time series, rows of a grid): bits of noise say nothing of their neighbours. Of values in
 * random order it keeps next to nothing, so do not use it there.
 *
 * ```text
 * I(b) = Σ p(r, s) · log2( p(r, s) / (p(r) · p(s)) )   over r, s ∈ {0, 1}: bit b of a value and of the next
 * ```
 *
 * @param values - In order. Pairs with an infinity or NaN are left out.
 * @param options - See {@link InformationBitsOptions}.
 * @returns Bits of mantissa to keep, for {@link roundBits}; all of them where no bit says anything.
 * @source Klöwer et al., "Compressing atmospheric data into its real information content", 2021,
 * https://doi.org/10.1038/s43588-021-00156-2, equations 1 to 6. Differs: float bits are counted as they are, without Gray or biased exponents.
 *
 * @example Noise below the third decimal
 * ```ts
 * import assert from "node:assert/strict";
 * import { informationBits } from "cameo/data/codec";
 *
 * const noise = (i: number) => ((i * 7919) % 10_007) / 10_007;
 * const values = Float32Array.from({ length: 20_000 }, (_, i) => 10 + Math.sin(i / 500) + 1e-3 * noise(i * i));
 * const keep = informationBits(values);
 * assert.ok(keep >= 9 && keep <= 15);
 * ```
 */
export function informationBits(values: Floats, options: InformationBitsOptions = {}): number {
  const { information = 0.99 } = options;
  const gains = bitInformation(values);
  const total = gains.reduce((sum, gain) => sum + gain, 0);
  const mantissa = mantissaBits(values);
  if (total === 0) return mantissa;
  const others = gains.length - mantissa;
  let sum = 0;
  for (const [bit, gain] of gains.entries()) {
    sum += gain;
    if (sum >= information * total) return Math.max(0, bit + 1 - others);
  }
  return mantissa;
}

/** Mutual information of each bit with that of the next value, the most significant first [bits]; zero where chance explains it. */
function bitInformation(values: Floats): number[] {
  const { words, perValue } = wordsOf(values);
  const bits = 32 * perValue;
  const counts = new Float64Array(4 * bits);
  let pairs = 0;
  for (let i = 0; i + 1 < values.length; i++) {
    if (!Number.isFinite(values[i]) || !Number.isFinite(values[i + 1])) continue;
    pairs++;
    for (let word = 0; word < perValue; word++) {
      // Little-endian: the most significant word of a value stands last.
      const from = i * perValue + perValue - 1 - word;
      const [a, b] = [words[from] as number, words[from + perValue] as number];
      for (let bit = 0; bit < 32; bit++) {
        const slot = 4 * (32 * word + bit) + 2 * ((a >>> (31 - bit)) & 1) + ((b >>> (31 - bit)) & 1);
        counts[slot] = (counts[slot] as number) + 1;
      }
    }
  }
  const chance = informationOfChance(pairs);
  return Array.from({ length: bits }, (_, bit) => {
    const gain = mutualInformation(counts.subarray(4 * bit, 4 * bit + 4), pairs);
    return gain > chance ? gain : 0;
  });
}

function mutualInformation(counts: Float64Array, pairs: number): number {
  if (pairs === 0) return 0;
  const [p00 = 0, p01 = 0, p10 = 0, p11 = 0] = counts.map((count) => count / pairs);
  const term = (joint: number, a: number, b: number): number => (joint === 0 ? 0 : joint * Math.log2(joint / (a * b)));
  const [first, second] = [p10 + p11, p01 + p11];
  return (
    term(p00, 1 - first, 1 - second) +
    term(p01, 1 - first, second) +
    term(p10, first, 1 - second) +
    term(p11, first, second)
  );
}

/** What bits of fair coins seem to say over so many throws, at 99 % confidence for all bits together (the paper's equation 6, for one). */
function informationOfChance(pairs: number): number {
  const p = Math.min(1, 0.5 + 3.89 / (2 * Math.sqrt(Math.max(1, pairs))));
  const entropy = p === 1 ? 0 : -(p * Math.log2(p) + (1 - p) * Math.log2(1 - p));
  return 1 - entropy;
}

/** Mixing sources by weights: which source the next sample comes from. */

import { explain } from "../../base/errors.ts";
import { RandomStream } from "../../base/random.ts";
import { checkCount } from "./_count.ts";
import { type Permutation, permutation } from "./permutation.ts";

/** Weights of sources, by name. They need not sum to 1. */
export type MixtureWeights = Readonly<Record<string, number>>;

/** Options of {@link mixture}. */
export interface MixtureOptions {
  /** Weights, or weights at some positions, with straight lines between and level before and after: a curriculum. */
  readonly weights: MixtureWeights | readonly { readonly at: number; readonly weights: MixtureWeights }[];
  /**
   * Weights are raised to 1/temperature: 1 leaves them, more evens them out (small sources are seen more), less sharpens them. With
   * numbers of rows as weights this is the temperature of multilingual models.
   * @defaultValue 1
   */
  readonly temperature?: number;
  /** Decides the order. */
  readonly seed: number;
  /** Samples in which the proportions are exact to within one, [1, 2^31). @defaultValue 1000 */
  readonly blockSize?: number;
}

/** An order of sources without end. */
export interface Mixture {
  /** Names of the sources. */
  readonly names: readonly string[];
  /** Which source, as its index in `names`, sample `i` [0, 2^53) comes from. */
  sourceAt(i: number): number;
  /** How many samples of each source come before sample `i`: where each stands when resuming there. */
  countsBefore(i: number): Float64Array;
  /** Shares of the sources in the block of sample `i`. */
  sharesAt(i: number): Float64Array;
}

/** Golden ratio minus 1: its multiples modulo 1 are as even as any can be, so roundings of successive blocks cancel. */
const goldenRatio = (Math.sqrt(5) - 1) / 2;

/**
 * Mixes sources so that every block of samples has each in proportion, to within one sample, in random order; over any number of blocks
 * the counts stay within a few samples of the weights.
 *
 * The source of a sample is a function of its position: a run resumes from one integer, and any number of readers agree.
 *
 * ```text
 * count of source s in block b = ⌊B·W_s + u_b⌋ − ⌊B·W_(s−1) + u_b⌋,   W cumulative shares, u_b = (u + b·golden ratio) mod 1
 * ```
 *
 * @param options - See {@link MixtureOptions}.
 * @throws RangeError if weights are negative or all 0, name different sources, or positions of a schedule do not ascend.
 * @source Temperature: Devlin et al., "Multilingual BERT", 2018, https://github.com/google-research/bert/blob/master/multilingual.md; Arivazhagan
 * et al., "Massively Multilingual Neural Machine Translation in the Wild", 2019, https://arxiv.org/abs/1907.05019, section 4.2.
 *
 * @example Seven of ten from the web
 * ```ts
 * import assert from "node:assert/strict";
 * import { mixture } from "cameo/data/sample";
 *
 * const mixed = mixture({ weights: { web: 0.7, code: 0.3 }, seed: 1, blockSize: 10 });
 * const block = Array.from({ length: 10 }, (_, i) => mixed.names[mixed.sourceAt(i)]);
 * assert.equal(block.filter((name) => name === "web").length, 7);
 * assert.deepEqual([...mixed.countsBefore(10)], [7, 3]);
 * ```
 */
export function mixture(options: MixtureOptions): Mixture {
  const { seed, blockSize = 1000, temperature = 1 } = options;
  checkCount("mixture", "blockSize", blockSize, 1, 2 ** 31 - 1);
  const fail = (action: string, received: string, rule: string): never => {
    throw new RangeError(explain({ api: "mixture", action, received, rule }));
  };
  if (!(temperature > 0)) fail("use temperature", `got ${temperature}`, "must be positive");
  const stops = isSchedule(options.weights) ? options.weights : [{ at: 0, weights: options.weights }];
  const names = Object.keys(stops[0]?.weights ?? {});
  const schedule = stops.map(({ at, weights }, k) => {
    checkCount("mixture", "the position of weights", at, k === 0 ? 0 : (stops[k - 1] as { at: number }).at + 1);
    if (Object.keys(weights).length !== names.length || !names.every((name) => name in weights))
      fail(
        "use weights",
        `those at ${at} are for ${Object.keys(weights).join(", ")}`,
        `must be for ${names.join(", ")}`,
      );
    const raised = names.map((name) => {
      const weight = weights[name] as number;
      if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY))
        fail("use weights", `that of "${name}" is ${weight}`, "must be finite and not negative");
      return weight === 0 ? 0 : weight ** (1 / temperature);
    });
    const sum = raised.reduce((total, weight) => total + weight, 0);
    if (!(sum > 0 && sum < Number.POSITIVE_INFINITY))
      fail("use weights", `they sum to ${sum}`, "some must be positive");
    return { at, shares: raised.map((weight) => weight / sum) };
  });
  return new BlockMixture(names, schedule, blockSize, seed);
}

const isSchedule = (weights: MixtureOptions["weights"]): weights is Extract<typeof weights, readonly unknown[]> =>
  Array.isArray(weights);

interface Stop {
  readonly at: number;
  readonly shares: readonly number[];
}

class BlockMixture implements Mixture {
  readonly names: readonly string[];
  readonly #schedule: readonly Stop[];
  readonly #blockSize: number;
  readonly #seed: number;
  readonly #offset: number;
  /** The block that was last asked for. */
  #last: { readonly block: number; readonly order: Permutation; readonly ends: Float64Array } | undefined;

  /** Samples of each source in the first `blocks` blocks, as last asked for: counting goes on from there. */
  #counted: { readonly blocks: number; readonly counts: Float64Array } | undefined;

  constructor(names: readonly string[], schedule: readonly Stop[], blockSize: number, seed: number) {
    this.names = names;
    this.#schedule = schedule;
    this.#blockSize = blockSize;
    this.#seed = seed;
    this.#offset = new RandomStream(seed, "mixture").uniform(0);
  }

  sharesAt(i: number): Float64Array {
    checkCount("mixture", "position", i, 0);
    const position = i - (i % this.#blockSize);
    const after = this.#schedule.findIndex(({ at }) => at > position);
    const next = this.#schedule.at(after) as Stop;
    const before = after <= 0 ? next : (this.#schedule[after - 1] as Stop);
    const progress = next === before ? 0 : (position - before.at) / (next.at - before.at);
    return Float64Array.from(next.shares, (share, s) => {
      const from = before.shares[s] as number;
      return from + progress * (share - from);
    });
  }

  /** Place in the sorted block where each source ends. */
  #ends(block: number): Float64Array {
    const shares = this.sharesAt(block * this.#blockSize);
    const shift = (this.#offset + block * goldenRatio) % 1;
    const ends = new Float64Array(shares.length);
    let cumulative = 0;
    for (let s = 0; s < shares.length; s++) {
      cumulative += shares[s] as number;
      ends[s] = Math.min(this.#blockSize, Math.floor(this.#blockSize * cumulative + shift));
    }
    // Rounding may leave the sum of the shares a little below 1, but never a source of share 0 a sample.
    ends.fill(
      this.#blockSize,
      shares.findLastIndex((share) => share > 0),
    );
    return ends;
  }

  sourceAt(i: number): number {
    checkCount("mixture", "position", i, 0);
    const block = Math.floor(i / this.#blockSize);
    if (this.#last?.block !== block) {
      const order = permutation({ size: this.#blockSize, seed: this.#seed, epoch: block, name: "mixture" });
      this.#last = { block, order, ends: this.#ends(block) };
    }
    const place = this.#last.order.at(i % this.#blockSize);
    return this.#last.ends.findIndex((end) => place < end);
  }

  countsBefore(i: number): Float64Array {
    checkCount("mixture", "position", i, 0);
    const blocks = Math.floor(i / this.#blockSize);
    const known = this.#counted !== undefined && this.#counted.blocks <= blocks ? this.#counted : undefined;
    const counts = known?.counts.slice() ?? new Float64Array(this.names.length);
    for (let block = known?.blocks ?? 0; block < blocks; block++) {
      const ends = this.#ends(block);
      for (let s = 0; s < counts.length; s++)
        counts[s] = (counts[s] as number) + (ends[s] as number) - (s === 0 ? 0 : (ends[s - 1] as number));
    }
    this.#counted = { blocks, counts: counts.slice() };
    for (let k = blocks * this.#blockSize; k < i; k++) {
      const source = this.sourceAt(k);
      counts[source] = (counts[source] as number) + 1;
    }
    return counts;
  }
}

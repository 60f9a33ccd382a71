/** Random numbers of an operation on a sample: a pure function of seed, epoch, sample and path, with no state shared by workers. */

import { philox } from "../../base/random.ts";
import type { Draw } from "./transform.ts";

/** What identifies a sample: its number, or its name. */
export type SampleId = number | string;

/** 64 bits of a name: FNV-1a over UTF-16 code units in two lanes, each finished as in MurmurHash3. */
function hashOf(name: string): [number, number] {
  let a = 0x811c9dc5;
  let b = 0x9747b28c ^ name.length;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b);
    b ^= b >>> 15;
  }
  return [finished(a), finished(b ^ a)];
}

function finished(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const low = (integer: number): number => integer >>> 0;
const high = (integer: number): number => Math.floor(integer / 2 ** 32) >>> 0;

type State = readonly [number, number, number, number];

/** The numbers below one state, taken in order. */
class PhiloxDraw implements Draw {
  readonly #state: State;
  #words: State;
  #taken = 4;
  #block = 0;

  constructor(state: State) {
    this.#state = state;
    this.#words = state;
  }

  #word(): number {
    if (this.#taken === 4) {
      const [key0, key1, c2, c3] = this.#state;
      this.#words = philox([this.#block, 1, c2, c3], [key0, key1]);
      this.#block++;
      this.#taken = 0;
    }
    return this.#words[this.#taken++] as number;
  }

  uniform(lowest = 0, highest = 1): number {
    const fraction = ((this.#word() >>> 5) * 67108864 + (this.#word() >>> 6)) / 2 ** 53;
    return lowest + (highest - lowest) * fraction;
  }

  integer(lowest: number, highest: number): number {
    return lowest + Math.min(Math.floor(this.uniform() * (highest - lowest + 1)), highest - lowest);
  }

  /** Box and Muller's transform, one of its two variates. */
  normal(mean = 0, deviation = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.uniform());
  }

  chance(p: number): boolean {
    return this.uniform() < p;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)] as T;
  }

  seed(): number {
    return this.#word();
  }

  child(name: string): Draw {
    const [a, b] = hashOf(name);
    const [key0, key1, c2, c3] = this.#state;
    return new PhiloxDraw(philox([a, b, c2, c3], [key0, key1 ^ 0x5851f42d]));
  }
}

/**
 * The numbers of one sample in one epoch. Two calls with the same arguments give the same numbers, on any machine and in any order.
 *
 * @param key - Which sample: `seed` [0, 2^53), `epoch` [0, 2^31), and the sample's number or name (`7` and `"7"` are different samples).
 * @returns The draw at the root; give every part its own `child`.
 *
 * @example Nothing depends on what was drawn before
 * ```ts
 * import assert from "node:assert/strict";
 * import { drawOf } from "cameo/data/augment";
 *
 * const draw = drawOf({ seed: 7, epoch: 0, sample: "cat-12" });
 * draw.uniform();
 * assert.equal(draw.child("Affine").uniform(), drawOf({ seed: 7, epoch: 0, sample: "cat-12" }).child("Affine").uniform());
 * ```
 */
export function drawOf(key: { readonly seed: number; readonly epoch: number; readonly sample: SampleId }): Draw {
  const { seed, epoch, sample } = key;
  const isName = typeof sample === "string";
  const [a, b] = isName ? hashOf(sample) : [low(sample), high(sample)];
  return new PhiloxDraw(philox([a, b, (epoch * 2 + (isName ? 1 : 0)) >>> 0, 0], [low(seed), high(seed)]));
}

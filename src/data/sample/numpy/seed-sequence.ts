/** How NumPy turns a seed into the state of a generator. */

import { explain } from "../../../base/errors.ts";

/** A seed as NumPy takes it: an integer (a bigint beyond 2^53), or a list of integers. None may be negative. */
export type NumpySeed = number | bigint | readonly (number | bigint)[];

const poolSize = 4;
const hash = (x: number): number => (x ^ (x >>> 16)) >>> 0;

/** The uint32 words of `seed`, lowest first; one zero for 0. A list gives the words of each of its integers. */
export function seedWords(seed: NumpySeed): number[] {
  if (typeof seed === "object") return seed.flatMap((part) => seedWords(part));
  if (typeof seed === "number" ? !Number.isSafeInteger(seed) || seed < 0 : seed < 0n)
    throw new RangeError(
      explain({
        api: "numpy",
        action: "use seed",
        received: `got ${seed}`,
        rule: "must be a non-negative integer, from 2^53 on a bigint",
      }),
    );
  const words: number[] = [];
  for (let rest = BigInt(seed); rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffffffffn));
  return words.length === 0 ? [0] : words;
}

/**
 * NumPy's `SeedSequence(seed, spawn_key=spawnKey).generate_state(count)`: words that differ in about half of their bits for any two seeds.
 *
 * @param seed - See {@link NumpySeed}.
 * @param count - How many uint32.
 * @param spawnKey - Of the child of a sequence: the integers of its path.
 * @source O'Neill, "Developing a seed_seq Alternative", 2015, as in NumPy 1.17 and later; checked against NumPy 1.26.4.
 */
export function seedSequence(seed: NumpySeed, count: number, spawnKey: readonly number[] = []): Uint32Array {
  const entropy = seedWords(seed);
  if (spawnKey.length > 0) {
    while (entropy.length < poolSize) entropy.push(0);
    entropy.push(...seedWords(spawnKey));
  }
  let constant = 0x43b0d7e5;
  const hashed = (value: number): number => {
    const mixed = value ^ constant;
    constant = Math.imul(constant, 0x931e8875);
    return hash(Math.imul(mixed, constant));
  };
  const mix = (x: number, y: number): number => hash(Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y));
  const pool = Array.from({ length: poolSize }, (_, i) => hashed(entropy[i] ?? 0));
  for (let from = 0; from < poolSize; from++)
    for (let to = 0; to < poolSize; to++)
      if (from !== to) pool[to] = mix(pool[to] as number, hashed(pool[from] as number));
  for (const word of entropy.slice(poolSize))
    for (let to = 0; to < poolSize; to++) pool[to] = mix(pool[to] as number, hashed(word));

  constant = 0x8b51f9dd;
  return Uint32Array.from({ length: count }, (_, i) => {
    const mixed = (pool[i % poolSize] as number) ^ constant;
    constant = Math.imul(constant, 0x58f38ded);
    return hash(Math.imul(mixed, constant));
  });
}

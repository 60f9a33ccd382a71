/** One number for all rows, whatever their order. */

import type { Shard } from "./_shard.ts";
import { kept } from "./reasons.ts";

/**
 * Adds up the rows' 128-bit hashes mod 2^128: of all sound rows, and of those that are kept. A sum, unlike exclusive or, notices rows
 * that come twice. @source Bellare and Micciancio, "A New Paradigm for Collision-Free Hashing", 1997 (AdHash); at 128 bits it guards against
 * mistakes, not against forgers.
 */
export async function contentHashes(
  shards: readonly Shard[],
  verdicts: Uint8Array,
): Promise<{ readonly all: string; readonly kept: string }> {
  let [all, some] = [0n, 0n];
  let base = 0;
  for (const shard of shards) {
    const { keys, indices } = await shard.keys("content", 0, 256);
    // 2^32 words of 2^16 rows fit a double exactly; carries are settled once a shard.
    const sums = [new Float64Array(4), new Float64Array(4)] as const;
    for (const [i, index] of indices.entries())
      for (let word = 0; word < 4; word++) {
        const value = keys[4 * i + word] as number;
        sums[0][word] = (sums[0][word] as number) + value;
        if (verdicts[base + index] === kept) sums[1][word] = (sums[1][word] as number) + value;
      }
    all += joined(sums[0]);
    some += joined(sums[1]);
    base += shard.facts.numRows;
  }
  return { all: hexadecimal(all), kept: hexadecimal(some) };
}

function joined(words: Float64Array): bigint {
  return [...words].reduce((sum, word) => (sum << 32n) + BigInt(word), 0n);
}

function hexadecimal(sum: bigint): string {
  return BigInt.asUintN(128, sum).toString(16).padStart(32, "0");
}

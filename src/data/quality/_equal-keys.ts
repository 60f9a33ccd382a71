/** Finds rows with equal keys over all shards, with bounded memory. */

import type { Shard } from "./_shard.ts";

/** Keys in memory at a time; a key with its row and its place in the table takes at most 32 bytes. */
const defaultLimit = 2 ** 20;

/**
 * Calls `onEqual` for every key that occurred before.
 *
 * @param shards - Where to look, in order.
 * @param column - Which keys.
 * @param words - uint32 of a key.
 * @param onEqual - Gets the first row with that key, and another: counted over all shards.
 * @param isWanted - Rows that take part.
 * @param limit - Keys in memory at a time.
 */
export async function findEqualKeys(
  shards: readonly Shard[],
  column: string,
  words: number,
  onEqual: (first: number, other: number) => void,
  isWanted: (row: number) => boolean,
  limit: number = defaultLimit,
): Promise<void> {
  const total = shards.reduce((sum, shard) => sum + shard.count(column), 0);
  const passes = Math.min(256, Math.ceil(total / limit));
  for (let pass = 0; pass < passes; pass++) {
    const [from, to] = [Math.floor((256 * pass) / passes), Math.floor((256 * (pass + 1)) / passes)];
    const parts: { keys: Uint32Array; indices: Uint32Array; base: number }[] = [];
    let base = 0;
    for (const shard of shards) {
      parts.push({ ...(await shard.keys(column, from, to)), base });
      base += shard.facts.numRows;
    }
    matchParts(parts, words, onEqual, isWanted);
  }
}

function matchParts(
  parts: readonly { keys: Uint32Array; indices: Uint32Array; base: number }[],
  words: number,
  onEqual: (first: number, other: number) => void,
  isWanted: (row: number) => boolean,
): void {
  const count = parts.reduce((sum, { indices }) => sum + indices.length, 0);
  const keys = new Uint32Array(count * words);
  const rows = new Uint32Array(count);
  const mask = 2 ** Math.ceil(Math.log2(2 * count + 1)) - 1;
  const table = new Uint32Array(mask + 1); // 1 + number of a key
  let size = 0;
  for (const part of parts)
    for (let i = 0; i < part.indices.length; i++) {
      const row = part.base + (part.indices[i] as number);
      if (!isWanted(row)) continue;
      for (let word = 0; word < words; word++) keys[size * words + word] = part.keys[i * words + word] as number;
      rows[size] = row;
      let slot = (keys[size * words + words - 1] as number) & mask;
      for (;;) {
        const found = table[slot] as number;
        if (found === 0) {
          table[slot] = ++size;
          break;
        }
        if (areEqual(keys, (found - 1) * words, size * words, words)) {
          onEqual(rows[found - 1] as number, row);
          break;
        }
        slot = (slot + 1) & mask;
      }
    }
}

function areEqual(keys: Uint32Array, a: number, b: number, words: number): boolean {
  for (let word = 0; word < words; word++) if (keys[a + word] !== keys[b + word]) return false;
  return true;
}

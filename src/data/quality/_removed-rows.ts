/** The list of rows that leave, one line each. */

import { AtomicFile } from "../atomic-file.ts";
import type { Shard } from "./_shard.ts";
import { codeOf, kept } from "./reasons.ts";
import type { UnionFind } from "./union-find.ts";

/** Writes `{"row":17,"reason":"near-duplicate","keptRow":3}` for each row that has a verdict. */
export async function writeRemoved(
  path: string,
  shards: readonly Shard[],
  verdicts: Uint8Array,
  sets: UnionFind,
): Promise<void> {
  await using file = await AtomicFile.create(path);
  const rows = new RowNumbers(shards);
  let base = 0;
  for (const shard of shards) {
    const own = await shard.rows();
    const lines: string[] = [];
    for (const [i, row] of own.entries()) {
      const verdict = verdicts[base + i] as number;
      if (verdict === kept) continue;
      const stays = sets.find(base + i);
      const line = { row, reason: codeOf(verdict), ...(stays === base + i ? {} : { keptRow: await rows.of(stays) }) };
      lines.push(`${JSON.stringify(line)}\n`);
    }
    await file.write(Buffer.from(lines.join("")));
    base += own.length;
  }
  await file.commit();
}

/** Rows of the source by place in the verdicts. Keeps the numbers of a few shards; without gaps they need no reading at all. */
class RowNumbers {
  readonly #shards: readonly Shard[];
  readonly #bases: number[] = [];
  readonly #recent = new Map<number, Float64Array>();

  constructor(shards: readonly Shard[]) {
    this.#shards = shards;
    let base = 0;
    for (const { facts } of shards) {
      this.#bases.push(base);
      base += facts.numRows;
    }
  }

  async of(place: number): Promise<number> {
    const index = this.#bases.findLastIndex((base) => base <= place);
    const shard = this.#shards[index] as Shard;
    const within = place - (this.#bases[index] as number);
    if (shard.facts.end - shard.facts.start === shard.facts.numRows) return shard.facts.start + within;
    let rows = this.#recent.get(index);
    if (rows === undefined) {
      rows = await shard.rows();
      this.#recent.set(index, rows);
      if (this.#recent.size > 64) this.#recent.delete(this.#recent.keys().next().value as number);
    }
    return rows[within] as number;
  }
}

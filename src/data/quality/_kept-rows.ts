/** Second reading of a source: the rows that stay, and a list of those that do not. */

import { pickRows } from "../source/pick-rows.ts";
import type { Source } from "../source/source.ts";
import type { Schema, Table, TableSlice } from "../table.ts";
import type { Shard } from "./_shard.ts";
import { kept } from "./reasons.ts";

/** Gives every row a split, and says in which column it is written. */
export interface SplitColumn {
  readonly name: string;
  readonly splitOf: (table: Table, row: number) => string;
}

/** The schema of what {@link readKept} yields. */
export function keptSchema(source: Source, split: SplitColumn | null): Schema {
  return split === null ? source.schema : [...source.schema, { name: split.name, type: "string", nullable: false }];
}

/** Tables of the rows whose verdict is to stay, in order. */
export async function* readKept(
  source: Source,
  shards: readonly Shard[],
  verdicts: Uint8Array,
  split: SplitColumn | null,
  signal: AbortSignal | undefined,
  wanted?: readonly string[],
): AsyncGenerator<TableSlice, void, undefined> {
  const known = verdictsByRow(shards, verdicts);
  for await (const slice of source.read({ ...(signal && { signal }), ...(wanted && { columns: wanted }) })) {
    const stays: number[] = [];
    for (const [i, row] of slice.rows.entries()) if ((await known(row)) === kept) stays.push(i);
    if (stays.length === 0) continue;
    const part = stays.length === slice.numRows ? slice : pickRows(slice, stays);
    const columns = split && { [split.name]: stays.map((row) => split.splitOf(slice, row)) };
    yield columns === null ? part : { ...part, columns: { ...part.columns, ...columns } };
  }
}

/** Looks up verdicts for ascending rows, with one shard's row numbers in memory. A row no shard knows does not stay. */
function verdictsByRow(shards: readonly Shard[], verdicts: Uint8Array): (row: number) => Promise<number> {
  let shard = -1;
  let base = 0;
  let rows: Float64Array = new Float64Array(0);
  let at = 0;
  return async (row) => {
    while (at >= rows.length || (rows[at] as number) < row) {
      if (at < rows.length) at++;
      else if (shard + 1 >= shards.length) return -1;
      else {
        base += rows.length;
        rows = await (shards[++shard] as Shard).rows();
        at = 0;
      }
    }
    return rows[at] === row ? (verdicts[base + at] as number) : -1;
  };
}

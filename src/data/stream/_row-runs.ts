/** Reading of many rows of one shard in few requests. */

import type { ShardLayout } from "./shard-layout.ts";

/** Neighbouring rows that are read at once. */
export interface RowRun {
  /** Bytes of the shard. */
  readonly start: number;
  readonly end: number;
  /** Rows in it, ascending, and where each stands in the request. */
  readonly rows: readonly { readonly row: number; readonly slot: number }[];
}

/** Bytes between two wanted rows that are rather read than left out. */
const gapBytes = 1 << 15;
/** Most bytes read at once, unless one row has more. */
const runBytes = 1 << 22;

/**
 * Groups rows of a shard into runs.
 *
 * @param layout - Of the shard.
 * @param wanted - Rows in ascending order.
 */
export function rowRuns(layout: ShardLayout, wanted: RowRun["rows"]): RowRun[] {
  const runs: RowRun[] = [];
  let rows: { row: number; slot: number }[] = [];
  let start = 0;
  let end = 0;
  for (const entry of wanted) {
    const begin = layout.begin(entry.row);
    const stop = layout.end(entry.row);
    if (rows.length > 0 && (begin - end > gapBytes || stop - start > runBytes)) {
      runs.push({ start, end, rows });
      rows = [];
    }
    if (rows.length === 0) start = begin;
    end = stop;
    rows.push(entry);
  }
  if (rows.length > 0) runs.push({ start, end, rows });
  return runs;
}

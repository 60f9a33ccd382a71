/** Rows of a source that a rule keeps, in one pass and no memory. */

import type { Source } from "../source/source.ts";
import type { Cell, Column, Table } from "../table.ts";
import { RowBatch } from "./_row-batch.ts";
import { probabilityColumn } from "./source-rows.ts";

/** Options of {@link keepRows}. */
export interface KeepRowsOptions {
  /** Whether to add the column `_inclusionProbability`. @defaultValue false */
  readonly probabilities?: boolean;
  /** Stops with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Goes through a source once and gives the rows that are kept, however many.
 *
 * @param source - Read in order.
 * @param probabilityIfKept - The inclusion probability of a row that is kept, else 0; called with the row's number.
 * @param options - See {@link KeepRowsOptions}.
 *
 * @example A tenth of the rows
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { keepRows, rowFilter } from "cameo/data/sample";
 * import { openSource } from "cameo/data/source";
 *
 * const path = join(await mkdtemp(join(tmpdir(), "sample-")), "people.jsonl");
 * await writeFile(path, Array.from({ length: 1000 }, (_, id) => `{"id":${id},"country":"${id % 3}"}\n`).join(""));
 * await using source = await openSource(path);
 * const keeps = rowFilter({ fraction: 0.1, seed: 1, method: "systematic" });
 * for await (const table of keepRows(source, (row) => (keeps(row) ? 0.1 : 0))) assert.equal(table.numRows, 100);
 * ```
 */
export async function* keepRows(
  source: Source,
  probabilityIfKept: (row: number, table: Table, index: number) => number,
  options: KeepRowsOptions = {},
): AsyncGenerator<Table> {
  const { probabilities = false, signal } = options;
  const batch = new RowBatch(1024);
  let kept: number[] = [];
  const flush = (): Table => {
    const { numRows, columns } = batch.take();
    const added = probabilities ? { [probabilityColumn]: Float64Array.from(kept) } : {};
    kept = [];
    return { numRows, columns: { ...columns, ...added } };
  };
  for await (const slice of source.read(signal === undefined ? {} : { signal }))
    for (let index = 0; index < slice.numRows; index++) {
      const probability = probabilityIfKept(slice.rows[index] as number, slice, index);
      if (probability === 0) continue;
      batch.push(slice, index);
      kept.push(probability);
      if (batch.isFull) yield flush();
    }
  if (batch.numRows > 0) yield flush();
}

/** The text of a cell that rows are grouped by, or of the row's number without a column. */
export function groupOf(by: string | undefined, row: number, table: Table, index: number): string | number {
  return by === undefined ? row : String((table.columns[by] as Column)[index] as Cell);
}

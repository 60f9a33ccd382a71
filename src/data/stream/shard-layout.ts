/** What readers need of one shard, whatever its format: where each row's bytes stand, and how they become cells. */

import type { Cell } from "../table.ts";

/** Rows of a shard as ranges of its bytes. */
export interface ShardLayout {
  readonly numRows: number;
  /** First byte of a row. */
  begin(row: number): number;
  /** Byte after its last. */
  end(row: number): number;
  /**
   * Cells of a row, for the columns that are wanted.
   *
   * @param row - Number in the shard.
   * @param bytes - Those of the row, a view that cells may keep.
   * @param columns - Positions of the wanted columns in the schema, ascending.
   * @throws FaultError if the bytes are not such a row.
   */
  decode(row: number, bytes: Uint8Array<ArrayBuffer>, columns: readonly number[]): readonly Cell[];
}

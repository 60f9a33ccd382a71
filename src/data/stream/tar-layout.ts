/** Rows of a WebDataset archive: from the content of a sample's first file to the end of its last. */

import type { Cell, Schema } from "../table.ts";
import { FaultError } from "./fault-error.ts";
import type { ShardLayout } from "./shard-layout.ts";
import { type TarField, tarField } from "./tar-field.ts";
import type { TarIndex } from "./tar-index.ts";

/** The column that holds the key of each sample. */
export const keyColumn = "__key__";

/**
 * The rows of an archive.
 *
 * @param index - Of the archive.
 * @param schema - Columns wanted from it; the key, and fields by name.
 */
export function tarLayout(index: TarIndex, schema: Schema): ShardLayout {
  const { keys, firstMembers, fieldOf, offsets, sizes } = index;
  const columnOf = index.fields.map((name) => schema.findIndex((field) => field.name === name));
  const readers: readonly TarField[] = schema.map(({ name }) => tarField(name));
  const begin = (row: number): number => offsets[firstMembers[row] as number] as number;
  return {
    numRows: keys.length,
    begin,
    end: (row) => {
      const last = (firstMembers[row + 1] as number) - 1;
      return (offsets[last] as number) + (sizes[last] as number);
    },
    decode: (row, bytes, columns) => {
      const all = new Array<Cell>(schema.length).fill(null);
      const origin = begin(row);
      for (let member = firstMembers[row] as number; member < (firstMembers[row + 1] as number); member++) {
        const column = columnOf[fieldOf[member] as number] as number;
        if (column === -1 || !columns.includes(column)) continue;
        const start = bytes.byteOffset + (offsets[member] as number) - origin;
        all[column] = (readers[column] as TarField).decode(new Uint8Array(bytes.buffer, start, sizes[member]));
      }
      return columns.map((column) => {
        const { name, nullable } = schema[column] as Schema[number];
        if (name === keyColumn) return keys[row] as string;
        const cell = all[column] as Cell;
        if (cell === null && !nullable)
          throw new FaultError("schema", `sample ${JSON.stringify(keys[row])} has no "${name}"`, origin);
        return cell;
      });
    },
  };
}

/** Rows by number, with those that are damaged left out instead of ending the reading. */

import { isCameoError } from "../../base/errors.ts";
import type { Fault } from "../fault.ts";
import type { Source } from "../source/source.ts";
import type { Cell, Table } from "../table.ts";
import { ShardSource, type Taken } from "./shard-source.ts";

/** Options of {@link takeWhole}. */
interface TakeOptions {
  readonly columns?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * Takes rows of any source that has `take`. One whose `take` throws for a faulty row is asked again for halves of them.
 *
 * @throws What the source throws for anything but a fault of the data: a server that fails may answer tomorrow.
 */
export async function takeWhole(source: Source, rows: readonly number[], options: TakeOptions): Promise<Taken> {
  if (source instanceof ShardSource) return source.takeWhole(rows, options);
  const take = source.take?.bind(source);
  if (take === undefined) throw new TypeError(`takeWhole: cannot take rows of "${source.location}": it has no take`);
  const faults = new Map<number, Fault>();
  const tables: Table[] = [];
  const kept: number[] = [];
  const visit = async (start: number, end: number): Promise<void> => {
    try {
      tables.push(await take(rows.slice(start, end), options));
      for (let slot = start; slot < end; slot++) kept.push(slot);
    } catch (error) {
      const fault = isCameoError(error, "data") && "fault" in error ? (error.fault as Fault) : undefined;
      if (fault === undefined || fault.code === "remote") throw error;
      if (end - start === 1) faults.set(start, { ...fault, row: rows[start] as number });
      else {
        const middle = (start + end) >>> 1;
        await visit(start, middle);
        await visit(middle, end);
      }
    }
  };
  if (rows.length > 0) await visit(0, rows.length);
  return { table: joined(tables), kept, faults, sizeBytes: 0 };
}

function joined(tables: readonly Table[]): Table {
  if (tables.length === 1) return tables[0] as Table;
  const names = Object.keys(tables[0]?.columns ?? {});
  const cellsOf = (name: string): Cell[] => tables.flatMap(({ columns }) => [...(columns[name] ?? [])] as Cell[]);
  return {
    numRows: tables.reduce((sum, { numRows }) => sum + numRows, 0),
    columns: Object.fromEntries(names.map((name) => [name, cellsOf(name)])),
  };
}

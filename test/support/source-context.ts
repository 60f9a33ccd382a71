/** What `SourceFormat.open` is given, for local files. */

import { FaultLog, type FaultLogOptions } from "../../src/data/fault.ts";
import type { OpenContext } from "../../src/data/source/format.ts";
import type { OpenSourceOptions } from "../../src/data/source/open.ts";
import type { Source } from "../../src/data/source/source.ts";
import { fileStore } from "../../src/data/store/file-store.ts";
import type { Table } from "../../src/data/table.ts";

/** Files at `location`, as the opener of a format sees them. */
export async function localContext(
  location: string,
  options: OpenSourceOptions & { log?: FaultLogOptions } = {},
): Promise<OpenContext> {
  const faults = new FaultLog(options.log);
  const store = fileStore({ faults });
  return {
    location,
    entries: await store.list(location),
    store,
    faults,
    options,
    openAs: () => Promise.reject(new Error("no other format")),
  };
}

/** Cells of a column over all slices of a source. */
export async function columnOf(source: Source, name: string): Promise<unknown[]> {
  const cells: unknown[] = [];
  for await (const slice of source.read({ columns: [name] })) cells.push(...(slice.columns[name] ?? []));
  return cells;
}

/** Cells of a column of one table. */
export function cellsOf(table: Table, name: string): unknown[] {
  return [...(table.columns[name] ?? [])];
}

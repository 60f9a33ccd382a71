/** A source of rows in memory, for tests: rows named as faulty are reported and left out, as readers do. */

import { type Fault, FaultLog } from "../fault.ts";
import type { Source } from "../source/source.ts";
import type { Cell, Column, Schema } from "../table.ts";

/** Makes a source; a row that is a fault is one that cannot be read. */
export function memorySource(
  schema: Schema,
  rows: readonly (Readonly<Record<string, Cell>> | Omit<Fault, "source" | "row">)[],
  location = "memory",
): Source & { readonly reads: number[] } {
  const faults = new FaultLog();
  const reported = new Set<number>();
  const reads: number[] = [];
  return {
    format: "memory",
    location,
    files: [],
    schema,
    numRows: rows.length,
    sizeBytes: 0,
    fingerprint: `memory-${rows.length}`,
    faults,
    reads,
    async *read({ columns, start = 0, end: limit = rows.length, batchRows = 1024, signal } = {}) {
      const end = Math.min(limit, rows.length);
      const names = columns ?? schema.map(({ name }) => name);
      for (let from = start; from < end; from += batchRows) {
        signal?.throwIfAborted();
        const numbers: number[] = [];
        for (let row = from; row < Math.min(end, from + batchRows); row++) {
          const cells = rows[row] as (typeof rows)[number];
          reads.push(row);
          if (!isFault(cells)) numbers.push(row);
          else if (!reported.has(row)) {
            reported.add(row);
            faults.report({ ...cells, source: location, row });
          }
        }
        const columnOf = (name: string): Column => {
          const cells = numbers.map((row) => (rows[row] as Record<string, Cell>)[name] as Cell);
          const type = schema.find((field) => field.name === name)?.type;
          if (type === "float32") return Float32Array.from(cells as number[]);
          return type === "int32" ? Int32Array.from(cells as number[]) : cells;
        };
        yield {
          numRows: numbers.length,
          rows: Float64Array.from(numbers),
          columns: Object.fromEntries(names.map((name) => [name, columnOf(name)])),
        };
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function isFault(row: object): row is Omit<Fault, "source" | "row"> {
  return "code" in row && "detail" in row;
}

/** A few rows of each kind that was removed, with what they hold. */

import type { Source } from "../source/source.ts";
import type { Cell, ColumnType, TableSlice } from "../table.ts";
import { rowContent } from "./_row-content.ts";
import type { Shard } from "./_shard.ts";
import type { RemovedExample } from "./certificate.ts";
import { codeOf } from "./reasons.ts";
import type { UnionFind } from "./union-find.ts";

const excerptLength = 240;
/** The column that names the file of an image. */
const fileName = "file_name";

/** Finds the first `count` rows of each code. Reads the source once, as far as the last of them. */
export async function collectExamples(
  source: Source,
  shards: readonly Shard[],
  verdicts: Uint8Array,
  sets: UnionFind,
  columns: readonly string[],
  count: number,
  signal: AbortSignal | undefined,
): Promise<RemovedExample[]> {
  const numbers = new Map<number, number>(); // how many so far, by verdict
  const chosen: { at: number; keptAt: number; number: number }[] = [];
  for (let at = 0; at < verdicts.length; at++) {
    const verdict = verdicts[at] as number;
    const number = numbers.get(verdict) ?? 0;
    if (verdict === 0 || number >= count) continue;
    numbers.set(verdict, number + 1);
    chosen.push({ at, keptAt: sets.find(at), number });
  }
  const wanted = [...new Set(chosen.flatMap(({ at, keptAt }) => [at, keptAt]))].sort((a, b) => a - b);
  const rowOf = await sourceRows(shards, wanted);
  const excerpts = await readExcerpts(source, [...rowOf.values()], columns, signal);
  const textOf = (at: number): string => excerpts.get(rowOf.get(at) as number) ?? "";
  // One of each reason, then the seconds, and so on: who reads only the first sees the most.
  const order = (verdict: number): number => (verdict >= 128 ? verdict - 256 : verdict);
  chosen.sort((a, b) => a.number - b.number || order(verdicts[a.at] as number) - order(verdicts[b.at] as number));
  return chosen.map(({ at, keptAt }) => ({
    row: rowOf.get(at) as number,
    reason: codeOf(verdicts[at] as number) as RemovedExample["reason"],
    excerpt: textOf(at),
    ...(keptAt === at ? {} : { keptRow: rowOf.get(keptAt) as number, keptExcerpt: textOf(keptAt) }),
  }));
}

/** Rows of the source, by place in the verdicts. */
async function sourceRows(shards: readonly Shard[], places: readonly number[]): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  let base = 0;
  let next = 0;
  for (const shard of shards) {
    const end = base + shard.facts.numRows;
    if (next < places.length && (places[next] as number) < end) {
      const rows = await shard.rows();
      for (; next < places.length && (places[next] as number) < end; next++)
        found.set(places[next] as number, rows[(places[next] as number) - base] as number);
    }
    base = end;
  }
  return found;
}

async function readExcerpts(
  source: Source,
  rows: readonly number[],
  columns: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Map<number, string>> {
  const excerpts = new Map<number, string>();
  if (rows.length === 0) return excerpts;
  const wanted = new Set(rows);
  const range = { start: Math.min(...rows), end: Math.max(...rows) + 1 };
  const types = new Map(source.schema.map(({ name, type }) => [name, type]));
  const read = types.get(fileName) === "string" ? [...new Set([...columns, fileName])] : columns;
  for await (const slice of source.read({ columns: read, ...range, ...(signal === undefined ? {} : { signal }) }))
    for (const [i, row] of slice.rows.entries())
      if (wanted.has(row)) excerpts.set(row, excerptOf(slice, columns, types, i));
  return excerpts;
}

type Types = ReadonlyMap<string, ColumnType>;

/** The beginning of a row's content, fit to print. */
function excerptOf(slice: TableSlice, columns: readonly string[], types: Types, row: number): string {
  const [first] = columns;
  const cell = (columns.length === 1 ? slice.columns[first as string]?.[row] : undefined) as Cell | undefined;
  if (cell instanceof Uint8Array) {
    const file = slice.columns[fileName]?.[row];
    return [...(typeof file === "string" ? [file] : []), `${cell.length.toLocaleString("en")} bytes`].join(", ");
  }
  const whole =
    typeof cell === "string"
      ? cell
      : columns.map((name) => `${name}: ${cellText(slice, name, types, row)}`).join(" · ");
  const text = whole.slice(0, excerptLength).toWellFormed();
  return whole.length > excerptLength ? `${text.replace(/\ufffd$/, "")}…` : text;
}

/** A cell of a table as text. */
function cellText(slice: TableSlice, column: string, types: Types, row: number): string {
  const cell = slice.columns[column]?.[row];
  if (typeof cell === "string") return cell;
  const type = types.get(column);
  if (type === "bool" && cell !== null) return String(Boolean(cell));
  const date = type === "timestamp" && typeof cell === "number" ? new Date(cell) : undefined;
  if (date !== undefined && !Number.isNaN(date.getTime()))
    return date.toISOString().replace(/T00:00:00\.000Z$|\.000Z$/, "");
  return rowContent(slice, [column], row).slice(1, -1);
}

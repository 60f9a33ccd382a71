/** Opens data of any format at any location. */

import { DataError, explain } from "../../base/errors.ts";
import { FaultLog } from "../fault.ts";
import { ReadError } from "../store/read-error.ts";
import type { Store, StoreEntry } from "../store/store.ts";
import { type StoreOptions, storeOf } from "../store/store-of.ts";
import { streamUnpacked, type UnpackOptions } from "../store/unpack.ts";
import type { ColumnType } from "../table.ts";
import { finiteSource } from "./_finite-source.ts";
import { firstBytes } from "./_open-records.ts";
import { bareName, dataEntries, headBytes, type OpenContext, type SourceFormat } from "./format.ts";
import { formats } from "./formats.ts";
import type { Source } from "./source.ts";

/** Options of {@link openSource}. What a format has no use for, it leaves alone. */
export interface OpenSourceOptions {
  /** Format, by the name that {@link Source.format} has. @defaultValue told by names and first bytes */
  readonly format?: string;
  /** Where faults go. @defaultValue a new log with the policy "quarantine" */
  readonly faults?: FaultLog;
  /** How remote data is reached. */
  readonly store?: StoreOptions;
  /** How far `.gz` and `.zst` may unpack. */
  readonly unpack?: UnpackOptions;
  /** Split of a Hugging Face folder, MDS or WebDataset. @defaultValue "train" where there is one, else all files */
  readonly split?: string;
  /** Configuration of a Hugging Face folder. @defaultValue "default", or the only one */
  readonly config?: string;
  /** Types of columns of CSV and JSONL, where they are not to be inferred; `"float64?"` also allows nulls. */
  readonly types?: Readonly<Record<string, ColumnType | `${ColumnType}?`>>;
  /** What separates the cells of a CSV. @defaultValue sniffed */
  readonly delimiter?: string;
  /** Whether the first row of a CSV names its columns. @defaultValue sniffed */
  readonly header?: boolean;
  /** What a row of a text source is. @defaultValue "line" */
  readonly textRows?: "line" | "file";
  /** Columns in which NaN and infinities are faults; `true` means all. @defaultValue none */
  readonly finite?: boolean | readonly string[];
  /** Most bytes of a line, record or document. @defaultValue 67,108,864 */
  readonly maxRowBytes?: number;
}

/**
 * Opens data of any format: reads heads and footers, no rows.
 *
 * The format is told by names and first bytes. Rows that cannot be used are set aside and counted in the source's `faults`, unless the
 * policy of `options.faults` is "fail".
 *
 * @param location - Path, folder, glob, `https://` or `s3://` location.
 * @param options - See {@link OpenSourceOptions}.
 * @returns A source. Dispose it.
 * @throws DataError if there is nothing at the location, or its format is unknown.
 *
 * @example Rows of a JSONL file
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { openSource } from "cameo/data/source";
 *
 * const path = join(await mkdtemp(join(tmpdir(), "open-")), "a.jsonl");
 * await writeFile(path, '{"word":"one","n":1}\n{"word":"two","n":2}\n{"word":');
 * await using source = await openSource(path);
 * const [table] = await Array.fromAsync(source.read());
 * assert.deepEqual(table?.columns.word, ["one", "two"]);
 * assert.deepEqual(source.faults.counts(), { syntax: 1 });
 * ```
 */
export async function openSource(location: string, options: OpenSourceOptions = {}): Promise<Source> {
  const faults = options.faults ?? new FaultLog();
  const store = storeOf(location, { ...options.store, faults });
  const entries = await store.list(location);
  if (entries.length === 0) throw refused(location, "there is no file", "needs at least one");
  const source = await openEntries({ location, entries, store, faults, options });
  const { finite = false } = options;
  return finite === false ? source : finiteSource(source, finite);
}

type Given = Omit<OpenContext, "openAs">;

async function openEntries(given: Given): Promise<Source> {
  const { location, entries, store, options } = given;
  const openAs: OpenContext["openAs"] = (format, entries, own = options) =>
    openEntries({ ...given, entries, options: { ...own, format } });
  const format =
    options.format === undefined
      ? await detected(location, entries, store, options)
      : formats.find(({ name }) => name === options.format);
  if (format !== undefined) return format.open({ ...given, openAs });
  const names = formats.map(({ name }) => name).join(", ");
  if (options.format !== undefined)
    throw new RangeError(
      explain({
        api: "openSource",
        action: `use format "${options.format}"`,
        received: "it is not known",
        rule: names,
      }),
    );
  throw refused(location, kinds(entries), `must be of one known format (${names})`);
}

async function detected(
  location: string,
  entries: readonly StoreEntry[],
  store: Store,
  options: OpenSourceOptions,
): Promise<SourceFormat | undefined> {
  const [first] = dataEntries(entries);
  const stream = streamUnpacked(store, (first as StoreEntry).location, options.unpack);
  // A head that cannot be unpacked is no reason not to know the format by its name: opening reports it.
  const head = await firstBytes(stream, headBytes).catch((error: unknown) => {
    if (error instanceof ReadError && error.fault.code !== "remote") return new Uint8Array();
    throw error;
  });
  return formats.find((format) => format.detect(location, entries, head));
}

/** What is there, in words: `3 .csv and 2 .bin files`. */
function kinds(entries: readonly StoreEntry[]): string {
  const counts = new Map<string, number>();
  for (const { location } of entries) {
    const extension = /\.[^./\\]+$/.exec(bareName(location))?.[0] ?? "nameless";
    counts.set(extension, (counts.get(extension) ?? 0) + 1);
  }
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 4);
  const more = counts.size > most.length ? " and other" : "";
  return `it holds ${most.map(([extension, count]) => `${count} ${extension}`).join(", ")}${more} file${entries.length === 1 ? "" : "s"}`;
}

function refused(location: string, received: string, rule: string): DataError {
  return new DataError(
    explain({
      api: "openSource",
      action: `open "${location}"`,
      received,
      rule,
      hint: "name files of one kind with a glob, or say the format",
    }),
    { source: location },
  );
}

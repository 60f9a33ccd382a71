/** What a format of data is: how to tell it by its files, and how to open them. */

import type { FaultLog } from "../fault.ts";
import type { Store, StoreEntry } from "../store/store.ts";
import type { OpenSourceOptions } from "./open.ts";
import type { Source } from "./source.ts";

/** What {@link SourceFormat.open} is given. */
export interface OpenContext {
  /** What the user named. */
  readonly location: string;
  /** Files of the source, sorted by location; at least one. */
  readonly entries: readonly StoreEntry[];
  /** Reads them, as they are stored; `streamUnpacked` of store/unpack.ts undoes `.gz` and `.zst`. */
  readonly store: Store;
  /** Where faults go; the source's own `faults`. */
  readonly faults: FaultLog;
  readonly options: OpenSourceOptions;
  /** Opens files that belong to another format: a folder of Parquet files with a description beside them. */
  openAs(format: string, entries: readonly StoreEntry[], options?: OpenSourceOptions): Promise<Source>;
}

/** One row of the table in formats.ts. */
export interface SourceFormat {
  /** {@link Source.format}, and what users write to say what it is: `"jsonl"`. */
  readonly name: string;
  /**
   * Whether these files are of the format. The first row of the table that says so wins.
   *
   * @param location - What the user named.
   * @param entries - Files at that location.
   * @param head - First bytes of the first file, unpacked, at most {@link headBytes}.
   */
  detect(location: string, entries: readonly StoreEntry[], head: Uint8Array): boolean;
  /** Opens them; reads no more than their heads. Faults of single files go to the context's log. */
  open(context: OpenContext): Promise<Source>;
}

/** Most bytes of the first file that {@link SourceFormat.detect} sees. */
export const headBytes = 4096;

/** Last part of a location without `.gz` and `.zst`, in lower case: `train.jsonl`. */
export function bareName(location: string): string {
  const path = /^https?:/.test(location) ? new URL(location).pathname : location;
  return (path.split(/[\\/]/).findLast((part) => part !== "") ?? "").toLowerCase().replace(/\.(gz|zst)$/, "");
}

/** Whether the name of a file, `.gz` and `.zst` aside, ends in one of these extensions (with their dots). */
export function hasExtension(location: string, extensions: readonly string[]): boolean {
  const name = bareName(location);
  return extensions.some((extension) => name.endsWith(extension));
}

/** Files that describe data and are none, where others stand beside them. */
const companion =
  /^(readme(\..*)?|license(\..*)?|citation(\..*)?|dataset_infos?\.json|state\.json|_success|.*\.(md|crc|sha256|md5))$/;

/** The files that hold data: those beside descriptions, or all if there is nothing else. */
export function dataEntries(entries: readonly StoreEntry[]): readonly StoreEntry[] {
  const data = entries.filter(({ location }) => !companion.test(bareName(location)));
  return data.length === 0 ? entries : data;
}

/** Whether all files that hold data have one of these extensions. */
export function allHaveExtension(entries: readonly StoreEntry[], extensions: readonly string[]): boolean {
  return entries.length > 0 && dataEntries(entries).every(({ location }) => hasExtension(location, extensions));
}

/** Finds the files below a folder or matching a glob. */

import { glob, readdir, realpath, stat } from "node:fs/promises";
import { basename, join, relative, resolve, sep } from "node:path";
import type { FaultLog } from "../fault.ts";
import { globParts, isSetAside } from "../glob.ts";
import type { StoreEntry } from "./store.ts";

/** The entry of a file. Content that changes and keeps its size changes its time. */
export function fileEntry(path: string, info: { readonly size: number; readonly mtimeMs: number }): StoreEntry {
  return { location: path, sizeBytes: info.size, version: `${info.size}-${info.mtimeMs}` };
}

/**
 * The files of a folder and of all folders below it, links followed.
 *
 * A link to a folder that holds it is a fault "link-loop" and is not followed; one that leads nowhere is a fault "empty". A folder that
 * several links lead to is walked once: its files are the same.
 */
export async function walkFolder(folder: string, faults: FaultLog, signal?: AbortSignal): Promise<StoreEntry[]> {
  const entries: StoreEntry[] = [];
  const walked = new Set<string>(); // real paths
  const walk = async (at: string, above: readonly string[]): Promise<void> => {
    signal?.throwIfAborted();
    const real = await realpath(at);
    if (above.includes(real)) {
      faults.report({ code: "link-loop", source: at, detail: `leads back to "${real}", which holds it` });
      return;
    }
    if (walked.has(real)) return;
    walked.add(real);
    for (const name of (await readdir(at)).sort()) {
      if (isSetAside(name)) continue;
      const path = join(at, name);
      const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ELOOP")
          faults.report({ code: "link-loop", source: path, detail: "a link that leads to itself" }, error);
        else if (error.code === "ENOENT")
          faults.report({ code: "empty", source: path, detail: "a link that leads nowhere" }, error);
        else throw error;
        return undefined;
      });
      if (info?.isDirectory()) await walk(path, [...above, real]);
      else if (info?.isFile()) entries.push(fileEntry(path, info));
    }
  };
  await walk(folder, []);
  return entries;
}

/** The files that match a glob. Hidden names count only where the pattern spells them out. */
export async function walkGlob(pattern: string, signal?: AbortSignal): Promise<StoreEntry[]> {
  const { base, named } = globParts(pattern);
  const isOut = (name: string): boolean => isSetAside(name) && !named.has(name) && name !== ".." && name !== ".";
  const entries: StoreEntry[] = [];
  for await (const path of glob(pattern, { exclude: (path) => isOut(basename(path)) })) {
    signal?.throwIfAborted();
    if (relative(base, resolve(path)).split(sep).some(isOut)) continue;
    const info = await stat(path).catch(() => undefined);
    if (info?.isFile()) entries.push(fileEntry(path, info));
  }
  return entries;
}

/** Sorts entries by location, by code unit, each once. */
export function sortEntries(entries: readonly StoreEntry[]): StoreEntry[] {
  const unique = new Map(entries.map((entry) => [entry.location, entry]));
  return [...unique.values()].sort((a, b) => (a.location < b.location ? -1 : 1));
}

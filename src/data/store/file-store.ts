/** Files of this machine. */

import { type FileHandle, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { DataError, explain, messageOf } from "../../base/errors.ts";
import { makeFolder } from "../../base/files.ts";
import { AtomicFile } from "../atomic-file.ts";
import { FaultLog } from "../fault.ts";
import { globMagic } from "../glob.ts";
import { fileEntry, sortEntries, walkFolder, walkGlob } from "./_walk.ts";
import { ReadError } from "./read-error.ts";
import type { Store, StoreEntry, StoreReadOptions } from "./store.ts";

/** Bytes read at a time. */
const chunkBytes = 2 ** 20;

/** Options of {@link fileStore}. */
export interface FileStoreOptions {
  /** Where links in a circle and links that lead nowhere are reported. @defaultValue a log with the policy "fail" */
  readonly faults?: FaultLog;
}

/**
 * The store of local files: paths, folders, globs, `file:` URLs.
 *
 * @param options - See {@link FileStoreOptions}.
 * @returns A store. Its listings leave out what is below a hidden name or `node_modules`, unless the location spells it out.
 *
 * @example A range of a file
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { fileStore } from "cameo/data/store";
 *
 * const path = join(await mkdtemp(join(tmpdir(), "store-")), "a.txt");
 * await writeFile(path, "0123456789");
 * const bytes = await fileStore().read(path, { start: 2, end: 5 });
 * assert.equal(new TextDecoder().decode(bytes), "234");
 * ```
 */
export function fileStore(options: FileStoreOptions = {}): Store {
  const faults = options.faults ?? new FaultLog({ policy: "fail" });
  return {
    kind: "file",
    head: async (location) => {
      const path = pathOf(location);
      const info = await stat(path).catch(failed(location));
      if (!info.isFile()) throw unreadable(location, "it is a folder or device", "must be a file");
      return fileEntry(path, info);
    },
    list: (location, signal) => list(pathOf(location), faults, signal),
    read,
    stream,
    write,
  };
}

/** The path that a location stands for. */
function pathOf(location: string): string {
  return /^file:/i.test(location) ? fileURLToPath(location) : location;
}

function unreadable(location: string, received: string, rule: string, cause?: unknown): DataError {
  return new DataError(explain({ api: "data", action: `read "${location}"`, received, rule }), {
    source: location,
    cause,
  });
}

/** Turns what the file system threw into an error of ours. */
function failed(location: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    if (error.code === "ENOENT") throw unreadable(location, "there is no such file or folder", "must exist", error);
    if (error.code === "ELOOP")
      throw new ReadError(
        { code: "link-loop", source: location, detail: "a link that leads to itself" },
        "must lead to a file",
        { cause: error },
      );
    throw unreadable(location, messageOf(error), "must be readable", error);
  };
}

async function list(path: string, faults: FaultLog, signal?: AbortSignal): Promise<StoreEntry[]> {
  const isPattern = globMagic.test(path);
  const info = await stat(path).catch((error: NodeJS.ErrnoException) =>
    isPattern && error.code === "ENOENT" ? undefined : failed(path)(error),
  );
  if (info?.isDirectory()) return sortEntries(await walkFolder(path, faults, signal));
  if (info !== undefined) return [fileEntry(path, info)];
  return sortEntries(await walkGlob(path, signal));
}

async function opened<Result>(location: string, use: (file: FileHandle) => Promise<Result>): Promise<Result> {
  const file = await open(pathOf(location), "r").catch(failed(location));
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** Fills `into` from byte `start` on; says how many bytes were there. */
async function fill(file: FileHandle, into: Uint8Array, start: number, location: string): Promise<number> {
  let filled = 0;
  while (filled < into.length) {
    const { bytesRead } = await file.read(into, filled, into.length - filled, start + filled).catch(failed(location));
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

function read(location: string, { start = 0, end, signal }: StoreReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  return opened(location, async (file) => {
    signal?.throwIfAborted();
    const last = Math.min(end ?? Number.POSITIVE_INFINITY, end === undefined ? (await file.stat()).size : end);
    const bytes = new Uint8Array(Math.max(0, last - start));
    const filled = await fill(file, bytes, start, location);
    if (filled < bytes.length)
      throw new ReadError(
        { code: "truncated", source: location, byte: start + filled, detail: `ends before byte ${last}` },
        "must hold the range that is read",
      );
    return bytes;
  });
}

async function* stream(
  location: string,
  { start = 0, end, signal }: StoreReadOptions = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const file = await open(pathOf(location), "r").catch(failed(location));
  try {
    for (let at = start; end === undefined || at < end; ) {
      signal?.throwIfAborted();
      const bytes = new Uint8Array(Math.min(chunkBytes, (end ?? Number.POSITIVE_INFINITY) - at));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, at).catch(failed(location));
      if (bytesRead === 0 && end !== undefined)
        throw new ReadError(
          { code: "truncated", source: location, byte: at, detail: `ends before byte ${end}` },
          "must hold the range that is read",
        );
      if (bytesRead === 0) return;
      yield bytes.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

async function write(
  location: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  const path = pathOf(location);
  await makeFolder(dirname(path));
  await using file = await AtomicFile.create(path);
  for await (const bytes of content instanceof Uint8Array ? [content] : content) {
    signal?.throwIfAborted();
    await file.write(bytes);
  }
  await file.commit();
}

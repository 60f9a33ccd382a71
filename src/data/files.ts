/**
 * Finds the text files that a user means, and streams them. Nothing here holds more of a corpus than one chunk.
 */

import { glob, open, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { DataError, explain, messageOf } from "../base/errors.ts";
import { Utf8Reader } from "./_utf8.ts";
import { decodedText } from "./decoded-text.ts";
import { globMagic, globParts, isSetAside } from "./glob.ts";

/** A text file as it was when it was found. */
export interface TextFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Time of the last change [ms since 1970]. */
  readonly mtimeMs: number;
}

/** A file inside a folder or glob that is left out, and why. */
export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

/** What {@link findTextFiles} found. */
export interface TextFiles {
  /** Sorted by path (by code unit, so the order is the same everywhere), each file once. */
  readonly files: readonly TextFile[];
  readonly skipped: readonly SkippedFile[];
}

/** Options of {@link findTextFiles}. */
export interface FindTextFilesOptions {
  /** Says why a folder below what the user named is left out with all that is in it, or undefined. @defaultValue none is */
  whyLeftOut?: (folder: string) => string | undefined;
}

/** Options of {@link readText}. */
export interface ReadTextOptions {
  /** Text put between one file and the next, such as `"<|endoftext|>"`. @defaultValue "\n\n" */
  separator?: string;
  /** Bytes read at a time. @defaultValue 65,536 */
  chunkBytes?: number;
  /** Stops the reading; the iteration rejects with the signal's reason. */
  signal?: AbortSignal;
}

const api = "readText";

function dataError(
  action: string,
  received: string,
  rule: string,
  source: string,
  hint?: string,
  cause?: unknown,
): DataError {
  return new DataError(explain({ api, action, received, rule, hint }), { source, cause });
}

function unreadable(path: string, cause: unknown): DataError {
  return dataError(`read "${path}"`, messageOf(cause), "must be readable", path, undefined, cause);
}

/**
 * Expands files, folders and globs to the text files in them.
 *
 * A path that exists is taken as it is. A folder is walked with all its folders, leaving out names that start with a dot
 * and `node_modules` (name such a folder itself to read it); links are followed, each file and folder once. Anything
 * else with `*`, `?`, `[]` or `{}` is a glob, which stands for files, not folders.
 *
 * Files of a folder or glob are read once to see that they are text: those that are not (a NUL byte, invalid UTF-8) or
 * are empty are skipped, with the reason. A file named by itself must be text; {@link readText} checks it while reading.
 *
 * @param inputs - One path or glob, or several.
 * @param options - See {@link FindTextFilesOptions}.
 * @throws DataError if a path does not exist or cannot be read, a file named by itself is empty, or no text file is left.
 */
export async function findTextFiles(
  inputs: string | readonly string[],
  options: FindTextFilesOptions = {},
): Promise<TextFiles> {
  const list = typeof inputs === "string" ? [inputs] : inputs;
  const found = new Map<string, TextFile>(); // by real path
  const skipped = new Map<string, string>();
  const take = async (path: string, named: boolean): Promise<void> => {
    const info = await stat(path).catch((cause: unknown) => {
      throw unreadable(path, cause);
    });
    const reason = !info.isFile()
      ? "not a regular file"
      : info.size === 0
        ? "it is empty"
        : named
          ? undefined
          : await whyNotText(path);
    if (reason !== undefined && named) throw dataError(`read "${path}"`, reason, "must be a file with text", path);
    if (reason !== undefined) skipped.set(path, reason);
    else {
      const real = await realpath(path);
      const known = found.get(real);
      if (known === undefined || path < known.path)
        found.set(real, { path, sizeBytes: info.size, mtimeMs: info.mtimeMs });
    }
  };

  const leaveOut = (folder: string): boolean => {
    const reason = options.whyLeftOut?.(folder);
    if (reason !== undefined) skipped.set(folder, reason);
    return reason !== undefined;
  };

  for (const input of list) {
    const info = await stat(input).catch(() => undefined);
    if (info?.isDirectory())
      await walk(input, { seen: new Set(), skipped, leaveOut, take: (path) => take(path, false) });
    else if (info !== undefined) await take(input, true);
    else if (globMagic.test(input)) await takeGlob(input, leaveOut, (path) => take(path, false));
    else throw dataError(`read "${input}"`, "there is no such file or folder", "must exist", input);
  }
  const files = [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const left = [...skipped].map(([path, reason]) => ({ path, reason })).sort((a, b) => (a.path < b.path ? -1 : 1));
  if (files.length === 0) {
    const names = list.map((input) => `"${input}"`).join(", ");
    const why = left
      .slice(0, 3)
      .map(({ path, reason }) => `"${path}" (${reason})`)
      .join(", ");
    const received = left.length === 0 ? "no file was found" : `all ${left.length} files were skipped: ${why}`;
    throw dataError(
      `find text in ${names || "an empty list"}`,
      received,
      "needs at least one file with text",
      list[0] ?? "",
    );
  }
  return { files, skipped: left };
}

/** A walk under way. */
interface Walk {
  /** Real paths of the folders so far, so that a loop of links ends. */
  readonly seen: Set<string>;
  readonly skipped: Map<string, string>;
  readonly leaveOut: (folder: string) => boolean;
  readonly take: (path: string) => Promise<void>;
}

/** Walks a folder in sorted order. */
async function walk(folder: string, state: Walk): Promise<void> {
  const { seen, skipped, leaveOut, take } = state;
  const real = await realpath(folder);
  if (seen.has(real)) return;
  seen.add(real);
  const names = await readdir(folder).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
  for (const name of names.sort()) {
    if (isSetAside(name)) continue;
    const path = join(folder, name);
    const info = await stat(path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== "ENOENT" && cause.code !== "ELOOP") throw unreadable(path, cause);
      return undefined;
    });
    if (info === undefined) skipped.set(path, "a link that leads nowhere");
    else if (!info.isDirectory()) await take(path);
    else if (!leaveOut(path)) await walk(path, state);
  }
}

async function takeGlob(
  pattern: string,
  leaveOut: (folder: string) => boolean,
  take: (path: string) => Promise<void>,
): Promise<void> {
  // Parts of the pattern before the first wildcard are named by the user; below them the usual names are set aside.
  const { base, named } = globParts(pattern);
  const meant = (path: string): boolean =>
    !relative(base, resolve(path))
      .split(sep)
      .some((name) => isSetAside(name) && !named.has(name) && name !== "..");
  // Not walking into them saves the time; what the walk calls a path differs by version, so the result is filtered too.
  const exclude = (path: string): boolean =>
    isSetAside(basename(path)) && !/^\.{0,2}$/.test(basename(path)) && !named.has(basename(path));
  const known = new Map<string, boolean>([[base, false]]); // by folder: whether it, or one that holds it, is left out
  const isOut = (folder: string): boolean => {
    if (relative(base, folder).startsWith("..")) return false;
    const out = known.get(folder) ?? (isOut(dirname(folder)) || leaveOut(folder));
    known.set(folder, out);
    return out;
  };
  for await (const path of glob(pattern, { exclude })) {
    if (!meant(path) || isOut(dirname(resolve(path)))) continue;
    const info = await stat(path).catch(() => undefined);
    if (info?.isFile()) await take(path);
  }
}

/** Why a file is not text, or undefined. */
async function whyNotText(path: string): Promise<string | undefined> {
  const reader = new Utf8Reader();
  for await (const bytes of readBytes(path, 2 ** 18)) {
    const fault = reader.push(bytes);
    if (fault !== undefined) return `${fault.reason} at byte ${fault.offset}`;
  }
  const fault = reader.end();
  return fault === undefined ? undefined : `${fault.reason} at byte ${fault.offset}`;
}

/** The bytes of a file; the buffer is used again for the next piece. */
async function* readBytes(path: string, chunkBytes: number): AsyncGenerator<Buffer> {
  const file = await open(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  try {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, chunkBytes, null).catch((cause: unknown) => {
        throw unreadable(path, cause);
      });
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/**
 * Streams text files as decoded pieces, cut anywhere but never inside a character.
 *
 * Line ends stay as they are (`\r\n` too). A byte-order mark U+FEFF at the start of a file is a sign of its encoding and
 * is dropped; anywhere else it is a character.
 *
 * @param files - What to read, in this order.
 * @param options - See {@link ReadTextOptions}.
 * @throws DataError naming file and byte if a file is not text (a NUL byte, invalid UTF-8), cannot be read, or holds no
 * text at all.
 *
 * @example The text of a folder
 * ```ts
 * import assert from "node:assert/strict";
 * import { mkdtemp, writeFile } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { findTextFiles, readText } from "cameo/data";
 *
 * const folder = await mkdtemp(join(tmpdir(), "corpus-"));
 * await writeFile(join(folder, "b.txt"), "second");
 * await writeFile(join(folder, "a.txt"), "first");
 * const { files } = await findTextFiles(folder);
 * assert.equal((await Array.fromAsync(readText(files))).join(""), "first\n\nsecond");
 * ```
 */
export async function* readText(
  files: readonly Pick<TextFile, "path">[],
  options: ReadTextOptions = {},
): AsyncGenerator<string, void, undefined> {
  const { separator = "\n\n", chunkBytes = 65536, signal } = options;
  for (const [i, { path }] of files.entries()) {
    if (i > 0 && separator !== "") yield separator;
    yield* decodedText(readBytes(path, chunkBytes), path, signal);
  }
}

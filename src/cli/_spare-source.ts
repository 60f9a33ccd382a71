/** Keeps a command from writing over what it reads. */

import { realpath, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Source } from "../data/source/source.ts";
import { usageError } from "./command.ts";

/**
 * Refuses a file to write that is one of a source.
 *
 * @param command - What writes, for the message.
 * @param flag - Which flag names the file.
 * @param path - The file.
 */
export async function spareSource(command: string, source: Source, flag: string, path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there === undefined) return;
  for (const file of localFiles(source)) {
    if (file.sizeBytes !== there.size && resolve(file.path) !== resolve(path)) continue;
    const info = await stat(file.path).catch(() => undefined);
    if (info?.ino !== there.ino || info.dev !== there.dev) continue;
    throw usageError(command, `use --${flag}`, `got "${path}"`, "it is a source, which would be lost");
  }
}

/** Refuses a folder to write that holds files of a source. */
export async function spareSourceFolder(command: string, source: Source, folder: string): Promise<void> {
  const real = await realpath(folder).catch(() => undefined);
  if (real === undefined) return;
  const folders = new Set(localFiles(source).map(({ path }) => dirname(resolve(path))));
  for (const each of folders)
    if ((await realpath(each).catch(() => each)) === real)
      throw usageError(command, "use --out", `got "${folder}"`, "it holds the source, which would be lost");
}

function localFiles({ files }: Source): { readonly path: string; readonly sizeBytes: number }[] {
  return files.flatMap(({ location, sizeBytes }) => {
    if (/^(https?|s3):\/\//i.test(location)) return [];
    return [{ path: /^file:/i.test(location) ? fileURLToPath(location) : location, sizeBytes }];
  });
}

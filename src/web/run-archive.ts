/** A run as one file: a zip of what the folder of a run in Node holds, below a folder with the run's name. */

import { unzipSync, Zip, ZipPassThrough } from "fflate";
import { CodecError, explain, messageOf } from "../base/errors.ts";

/** Files by path inside the run's folder. */
export type RunFiles = ReadonlyMap<string, Uint8Array | string>;

/**
 * Packs files into a zip. They are stored as they are: weights do not shrink.
 *
 * @param run - Name of the run.
 * @param files - See {@link RunFiles}.
 */
export function packRun(run: string, files: RunFiles): Blob {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let failure: Error | null = null;
  const zip = new Zip((error, part) => {
    if (error !== null) failure = error;
    else parts.push(part as Uint8Array<ArrayBuffer>);
  });
  for (const [path, content] of files) {
    const entry = new ZipPassThrough(`${run}/${path}`);
    zip.add(entry);
    entry.push(typeof content === "string" ? new TextEncoder().encode(content) : content, true);
  }
  zip.end();
  if (failure !== null) throw failure;
  return new Blob(parts, { type: "application/zip" });
}

/**
 * Unpacks a zip that {@link packRun} made, or one of a run's folder.
 *
 * @param archive - The zip.
 * @returns Its folder's name, and files by path inside it.
 * @throws CodecError if it is no zip, or holds no run.
 */
export async function unpackRun(archive: Blob): Promise<{ name: string; files: Map<string, Uint8Array> }> {
  const bad = (received: string, rule: string, cause?: unknown) =>
    new CodecError("zip", explain({ api: "importRun", action: "read the archive", received, rule }), { cause });
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(new Uint8Array(await archive.arrayBuffer()));
  } catch (cause) {
    throw bad(messageOf(cause), "must be a zip of a run", cause);
  }
  const recipe = Object.keys(entries).find((path) => /^([^/]+\/)?recipe\.json$/.test(path));
  if (recipe === undefined) throw bad("there is no recipe.json", "must be a zip of a run's folder");
  const root = recipe.slice(0, -"recipe.json".length);
  const files = new Map<string, Uint8Array>();
  for (const [path, content] of Object.entries(entries))
    if (path.startsWith(root) && !path.endsWith("/")) files.set(path.slice(root.length), content);
  for (const file of ["data/tokenizer.json", "data/tokens.bin", "data/tokens.json"])
    if (!files.has(file)) throw bad(`there is no ${file}`, "a run has its text");
  if (![...files.keys()].some((path) => /^checkpoints\/step-\d+\/state\.json$/.test(path)))
    throw bad("there is no checkpoint", "a run that was trained has one");
  return { name: root.replace("/", "") || "run", files };
}

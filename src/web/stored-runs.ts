/** The runs that this browser keeps. */

import { CheckpointError, explain } from "../base/errors.ts";
import type { FolderHandle } from "./browser.ts";
import { folderIn, readBlob, removeAll, runsFolder, sizeOfFolder, storageFault, writeBlob } from "./private-files.ts";
import { lockRun } from "./run-lock.ts";
import { isRunName } from "./run-name.ts";

/** A run that is kept. */
export interface StoredRun {
  readonly name: string;
  /** Steps completed at its newest checkpoint; 0 if it has none yet. */
  readonly step: number;
  /** Steps after which it is complete. */
  readonly steps: number;
  readonly sizeBytes: number;
}

/**
 * The runs that this browser keeps for pages of this origin, by name.
 *
 * @throws CheckpointError where it keeps no files.
 *
 * @example
 * ```ts skip: needs a browser
 * import { listRuns } from "cameo/web";
 *
 * const runs = await listRuns();
 * console.assert(runs.every(({ step, steps }) => step <= steps));
 * ```
 */
export async function listRuns(): Promise<readonly StoredRun[]> {
  const runs: StoredRun[] = [];
  for await (const entry of (await runsFolder()).values()) {
    if (entry.kind !== "directory") continue;
    const recipe = await readBlob(entry, "recipe.json");
    if (recipe === null) continue; // it never began
    const steps = stepsOf(await recipe.text());
    runs.push({ name: entry.name, step: await newestStep(entry), steps, sizeBytes: await sizeOfFolder(entry) });
  }
  return runs.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Deletes a run with its checkpoints.
 *
 * @param name - Of the run; nothing happens if there is none.
 * @throws CheckpointError if a tab trains it.
 *
 * @example
 * ```ts skip: needs a browser
 * import { deleteRun, listRuns } from "cameo/web";
 *
 * await deleteRun("shakespeare");
 * console.assert((await listRuns()).every(({ name }) => name !== "shakespeare"));
 * ```
 */
export async function deleteRun(name: string): Promise<void> {
  const unlock = await lockRun(name, "delete");
  try {
    await removeAll(await runsFolder(), name);
  } finally {
    await unlock();
  }
}

/**
 * Keeps a run that was exported, here or in another browser, or the zipped folder of a run in Node.
 *
 * @param archive - The zip.
 * @returns The name under which it is kept: its own, with a number behind it where that is taken.
 * @throws CodecError if it is not the zip of a run; CheckpointError if there is no room.
 *
 * @example A file that was picked
 * ```ts skip: needs a browser
 * import { importRun, trainGpt } from "cameo/web";
 *
 * const archive = await (await fetch("shakespeare.zip")).blob();
 * await using run = trainGpt({ name: await importRun(archive), resume: true, recipe: { steps: 2000 } });
 * console.assert((await run.result).step === 2000);
 * ```
 */
export async function importRun(archive: Blob): Promise<string> {
  const { unpackRun } = await import("./run-archive.ts");
  const unpacked = await unpackRun(archive);
  const all = await runsFolder();
  const name = await freeName(all, isRunName(unpacked.name) ? unpacked.name : "run");
  const folder = await all.getDirectoryHandle(name, { create: true });
  try {
    // The recipe last: without it there is no run. The state of a checkpoint after its tensors, for the same reason.
    const isLate = (path: string): number => (path === "recipe.json" ? 2 : path.endsWith("/state.json") ? 1 : 0);
    for (const [path, content] of [...unpacked.files].sort(([a], [b]) => isLate(a) - isLate(b))) {
      const parts = path.split("/");
      let inside = folder;
      for (const part of parts.slice(0, -1)) inside = await inside.getDirectoryHandle(part, { create: true });
      await writeBlob(inside, parts.at(-1) as string, content);
    }
  } catch (cause) {
    await removeAll(all, name).catch(() => {});
    throw new CheckpointError(
      explain({
        api: "importRun",
        action: `keep "${name}"`,
        received: storageFault(cause),
        rule: "the browser must have room for it",
        hint: "delete other runs",
      }),
      { cause },
    );
  }
  return name;
}

async function freeName(all: FolderHandle, name: string): Promise<string> {
  for (let i = 1; ; i++) {
    const tried = i === 1 ? name : `${name}-${i}`;
    if ((await folderIn(all, tried)) === null) return tried;
  }
}

function stepsOf(recipe: string): number {
  try {
    return Number((JSON.parse(recipe) as { readonly steps?: unknown }).steps ?? 0);
  } catch {
    return 0;
  }
}

async function newestStep(run: FolderHandle): Promise<number> {
  const checkpoints = await folderIn(run, "checkpoints");
  let newest = 0;
  if (checkpoints !== null)
    for await (const entry of checkpoints.values()) {
      const step = Number(/^step-(\d+)$/.exec(entry.name)?.[1] ?? 0);
      if (step > newest && entry.kind === "directory" && (await readBlob(entry, "state.json")) !== null) newest = step;
    }
  return newest;
}

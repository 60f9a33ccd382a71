/** Which folder a run gets, and which run is meant. */

import { existsSync } from "node:fs";
import { mkdir, readdir, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { nextRunPath, runFolder } from "../train/run-folder.ts";
import { shortPath } from "./_format.ts";
import { usageError } from "./command.ts";

/** Folder of runs that have no `--out`. */
export const runsRoot = "runs";

/** A folder for a new run. */
export interface ClaimedFolder {
  readonly path: string;
  /** Removes it again, if it was made for this run: a run that never began leaves nothing. */
  release(): Promise<void>;
}

/**
 * Makes the folder of a new run; two processes never get the same new one.
 *
 * @param out - What the user named, or undefined for the next free `runs/<name>-N`.
 */
export async function claimFolder(command: string, out: string | undefined, name: string): Promise<ClaimedFolder> {
  if (out === "") throw usageError(command, "use --out", 'got ""', "must name a folder");
  for (;;) {
    const path = out ?? (await nextRunPath(name, runsRoot));
    const parent = await mkdir(dirname(path), { recursive: true });
    try {
      await mkdir(path);
      const release = async (): Promise<void> => {
        await rm(path, { recursive: true, force: true });
        if (parent !== undefined) await rmdir(dirname(path)).catch(() => {}); // others may use it by now
      };
      return { path, release };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if (out === undefined) continue;
      if (!(await stat(path)).isDirectory())
        throw usageError(command, `use --out "${out}"`, "it is a file", "must be a folder, or new");
      return { path, release: async () => {} };
    }
  }
}

/** True if the folder holds a run. */
export function isRun(path: string): boolean {
  return existsSync(runFolder(path).recipe);
}

/** Runs in a folder, the one that was last active first. */
export async function listRuns(root: string): Promise<string[]> {
  const names = await readdir(root).catch(() => [] as string[]);
  const runs = names.map((name) => join(root, name)).filter(isRun);
  const timed = await Promise.all(
    runs.map(async (path) => {
      const { events, recipe } = runFolder(path);
      const { mtimeMs } = await stat(events).catch(() => stat(recipe));
      return { path, mtimeMs };
    }),
  );
  return timed.sort((a, b) => b.mtimeMs - a.mtimeMs || (a.path < b.path ? 1 : -1)).map(({ path }) => path);
}

/** The run that was last active below `runs/`. */
export async function newestRun(): Promise<string> {
  const [newest] = await listRuns(runsRoot);
  if (newest === undefined)
    throw usageError("train", "resume", `there is no run in "${shortPath(runsRoot)}"`, "name one with --out");
  return newest;
}

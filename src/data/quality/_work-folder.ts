/** The folder of a check under way. Only files that a check made are ever removed: the folder is the user's. */

import { mkdir, readdir, readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { DataError, explain } from "../../base/errors.ts";
import { writeAtomically } from "../../base/files.ts";
import type { CheckPlan } from "./_check-plan.ts";

/** Names of a check's own files, also of those that a kill left half written. */
const own = /^(plan\.json|duplicates\.bin|shard-\d{6}\.bin)(\.tmp-\d+-[0-9a-f]+)?$/;

/** Makes the folder, and sees that what is in it comes from the same check, or is none. */
export async function prepareFolder(folder: string, plan: CheckPlan, resume: boolean): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, "plan.json");
  const text = `${JSON.stringify(plan, null, 2)}\n`;
  const before = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (resume && before === text) return;
  if (resume && before !== null)
    throw new DataError(
      explain({
        api: "checkData",
        action: `go on in "${folder}"`,
        received: "it holds a check of other data or with other options",
        rule: "both must be the same",
        hint: "leave out resume to begin anew",
      }),
      { source: folder },
    );
  await removeOwn(folder);
  await writeAtomically(path, text);
}

/** Removes a check's files, and the folder if nothing else is in it. */
export async function clearFolder(folder: string): Promise<void> {
  await removeOwn(folder);
  await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  });
}

async function removeOwn(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (own.test(name)) await rm(join(folder, name));
}

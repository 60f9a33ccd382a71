/** One process at a time in a run's folder. */

import { readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { CheckpointError, explain } from "../base/errors.ts";

interface Owner {
  readonly pid: number;
  readonly host: string;
}

/** Locks of this process: a process number cannot tell two runs inside one process apart. */
const held = new Set<string>();

/**
 * Takes the folder for this process until the lock is disposed. A lock left by a process that is gone (a kill, a crash) is taken over.
 *
 * @param folder - The run's folder.
 * @throws CheckpointError if another living process, or one of another machine, has it.
 */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  const path = join(folder, ".lock");
  const content = JSON.stringify({ pid: process.pid, host: hostname() } satisfies Owner);
  for (;;) {
    try {
      await writeFile(path, content, { flag: "wx" });
      held.add(path);
      return {
        [Symbol.asyncDispose]: async () => {
          held.delete(path);
          await rm(path, { force: true });
        },
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = await ownerOf(path);
    if (owner !== null && (held.has(path) || isAlive(owner)))
      throw new CheckpointError(
        explain({
          api: "train",
          action: `use the folder "${folder}"`,
          received: `process ${owner.pid} on ${owner.host} trains in it`,
          rule: "one process at a time may",
          hint: `wait for it or stop it; if it is gone, remove "${path}"`,
        }),
      );
    await rm(path, { force: true });
  }
}

/** Who holds a lock; null if it is gone or was cut off while it was written. */
async function ownerOf(path: string): Promise<Owner | null> {
  try {
    const owner = JSON.parse(await readFile(path, "utf8")) as Partial<Owner>;
    return Number.isInteger(owner.pid) && typeof owner.host === "string" ? (owner as Owner) : null;
  } catch {
    return null;
  }
}

function isAlive({ pid, host }: Owner): boolean {
  if (host !== hostname()) return true; // it cannot be asked
  if (pid === process.pid) return false; // this process is here, and asks: the lock is from one before it with the same number
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

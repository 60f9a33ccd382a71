/** What the memory of the data pipeline is measured by: the commands that read a whole set, each a process of its own. */

import { join } from "node:path";
import { type Peak, runMeasured } from "./peak-memory.ts";

/** Most resident memory of any of them, whatever the size of the set [bytes]. */
export const memoryLimitBytes: number = 2 ** 30;

/** Arguments of Node by name of the job, in the order in which they must run. */
function memoryJobs(folder: string): Readonly<Record<string, readonly string[]>> {
  const data = ["src/cli/main.ts", "data"];
  const out = (name: string): string => join(folder, name);
  const set = out("set");
  return {
    sample: [...data, "sample", set, "--method", "systematic", "--n", "10000", "--out", out("sample.parquet")],
    check: [...data, "check", set, "--preset", "text", "--certificate", out("certificate")],
    pack: [...data, "pack", set, "--out", out("pack")],
    shard: [...data, "shard", set, "--out", out("shards"), "--columns", "id", "--columns", "text"],
    stream: ["test/support/stream-all.ts", out("shards")],
  };
}

/**
 * Runs the jobs one after the other on the set of `makeTextSet` in `folder/set`.
 *
 * @param folder - Where results go, too.
 * @param onJob - Called as each ends.
 */
export async function runMemoryJobs(folder: string, onJob: (name: string, peak: Peak) => void): Promise<void> {
  for (const [name, words] of Object.entries(memoryJobs(folder))) onJob(name, await runMeasured(words));
}

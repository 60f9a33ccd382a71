/** A worker for the tests of the pool. */

import { appendFileSync } from "node:fs";
import { threadId, workerData } from "node:worker_threads";
import { serve } from "../../src/data/worker-pool.ts";

/** What a test tells the worker when it starts. */
interface Setup {
  /** Gets a line when the worker starts, and one when it closes. */
  readonly log?: string;
  readonly dies?: true;
}

const { log, dies } = (workerData ?? {}) as Setup;
const note = (line: string): void => void (log !== undefined && appendFileSync(log, `${line}\n`));
note("start");
if (dies) throw new Error("no such library");

serve<{ square?: number; fail?: string; odd?: true; die?: true; wait?: true; bytes?: ArrayBuffer }, unknown>(
  async (task) => {
    if (task.die) process.exit(3);
    if (task.wait) await new Promise((resolve) => setTimeout(resolve, 60_000));
    if (task.fail !== undefined)
      throw Object.assign(new Error(task.fail), { row: 7, ...(task.odd && { retry: () => {} }) });
    if (task.bytes !== undefined) return [task.bytes, [task.bytes]];
    return [{ squared: (task.square ?? 0) ** 2, thread: threadId }];
  },
  async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    note("close");
  },
);

/** A worker for the tests of the pool. */

import { threadId } from "node:worker_threads";
import { serve } from "../../src/data/worker-pool.ts";

serve<{ square?: number; fail?: string; die?: true; bytes?: ArrayBuffer }, unknown>(async (task) => {
  if (task.die) process.exit(3);
  if (task.fail !== undefined) throw Object.assign(new Error(task.fail), { row: 7 });
  if (task.bytes !== undefined) return [task.bytes, [task.bytes]];
  return [{ squared: (task.square ?? 0) ** 2, thread: threadId }];
});

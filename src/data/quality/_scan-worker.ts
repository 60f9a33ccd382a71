/** A thread that looks at rows. */

import { workerData } from "node:worker_threads";
import { serve } from "../worker-pool.ts";
import { Scanner, type ScanResult, type ScanSetup, type ScanTask } from "./_scan-task.ts";

const scanner = new Scanner(workerData as ScanSetup);

serve<ScanTask, ScanResult>(async (task) => {
  const result = await scanner.scan(task);
  const { verdicts, digests, keys, hasKeys } = result;
  return [result, [verdicts.buffer, digests.buffer, keys.buffer, hasKeys.buffer]];
});

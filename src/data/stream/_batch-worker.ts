/** The thread that makes batches: opens the sources of its spec once, then answers with arrays that change hands. */

import { workerData } from "node:worker_threads";
import { FaultLog } from "../fault.ts";
import { serve } from "../worker-pool.ts";
import { BatchMaker, type BatchRequest, type MadeBatch } from "./batch-maker.ts";
import type { StreamAccess } from "./open-stream-source.ts";
import type { CheckedStreamSpec } from "./stream-spec.ts";

/** What the thread is started with. */
export interface BatchWorkerSetup {
  readonly spec: CheckedStreamSpec;
  readonly access: StreamAccess;
}

const { spec, access } = workerData as BatchWorkerSetup;

// Faults that opening finds were reported by the main thread, which opened the same; the policy is its business as well.
const maker = BatchMaker.open(spec, access, new FaultLog({ policy: "quarantine" }));
maker.catch(() => {}); // each task reports it

serve<BatchRequest, MadeBatch>(async (request) => {
  const made = await (await maker).make(request);
  return [made, Object.values(made.arrays).map(({ buffer }) => buffer as ArrayBuffer)];
});

/** The thread that makes batches: opens the sources of its spec once, then answers with arrays that change hands. */

import { workerData } from "node:worker_threads";
import { DataError, explain } from "../../base/errors.ts";
import { FaultLog } from "../fault.ts";
import { serve } from "../worker-pool.ts";
import { BatchMaker, type BatchRequest, hashSpec, type MadeBatch } from "./batch-maker.ts";
import type { SampleShapes } from "./collate.ts";
import type { StreamAccess } from "./open-stream-source.ts";
import type { CheckedStreamSpec } from "./stream-spec.ts";

/** What the thread is started with. */
export interface BatchWorkerSetup {
  readonly spec: CheckedStreamSpec;
  /** Of the data that the main thread opened: with any other the order would be another, in this thread alone. */
  readonly specHash: string;
  readonly shapes: SampleShapes;
  readonly access: StreamAccess;
}

const { spec, specHash, shapes, access } = workerData as BatchWorkerSetup;
let opened: Promise<BatchMaker> | undefined;

/** Opens the data once. What fails may work the next time: each task then tries again. */
function opening(): Promise<BatchMaker> {
  opened ??= openSame().catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

async function openSame(): Promise<BatchMaker> {
  // Faults that opening finds were reported by the main thread, which opened the same; the policy is its business as well.
  const maker = await BatchMaker.open(spec, access, new FaultLog({ policy: "quarantine" }), shapes);
  if (hashSpec(spec, maker.parts) === specHash) return maker;
  await maker[Symbol.asyncDispose]();
  throw new DataError(
    explain({
      api: "streamDataset",
      action: "open the data in a thread",
      received: "it is no longer what it was when the stream began",
      rule: "data must not change while it is streamed",
    }),
  );
}

opening().catch(() => {}); // each task reports it

serve<BatchRequest, MadeBatch>(
  async (request) => {
    const made = await (await opening()).make(request);
    return [made, Object.values(made.arrays).map(({ buffer }) => buffer as ArrayBuffer)];
  },
  async () => {
    const maker = await opened?.catch(() => undefined);
    await maker?.[Symbol.asyncDispose]();
  },
);

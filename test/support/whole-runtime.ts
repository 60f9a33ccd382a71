/** The CPU behind the memory of a GPU: whole buffers that the host does not see. For tests of what is done there, without one. */

import type { Target } from "../../src/graph/graph.ts";
import { runtimeOver } from "../../src/runtime/engine-runtime.ts";
import type { NativeEngineOptions } from "../../src/runtime/native/engine.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { startWorkerEngine } from "../../src/runtime/worker-engine.ts";

/** Starts it. @param target - For which graphs are written. */
export async function createWholeRuntime(target: Target = "cpu"): Promise<Runtime> {
  const url = new URL("../../src/runtime/native/worker.ts", import.meta.url);
  const options: NativeEngineOptions = { device: "cpu", threads: 1, ownPool: false };
  const { engine, info, close } = await startWorkerEngine(url, "cpu", options);
  const traits = {
    ...info,
    float16: true,
    target,
    threads: 1,
    memory: "whole",
    visible: ["host"],
    sharesMemory: false,
  } as const;
  return runtimeOver(engine, traits, close);
}

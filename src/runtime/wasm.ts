/** ONNX Runtime's WebAssembly build in Node, in a worker thread: what a browser computes, without a browser. */

import { availableParallelism } from "node:os";
import { explain } from "../base/errors.ts";
import { runtimeOver } from "./engine-runtime.ts";
import type { Runtime } from "./runtime.ts";
import { startWorkerEngine } from "./worker-engine.ts";

/** Options of {@link createWasmRuntime}. */
export interface WasmRuntimeOptions {
  /**
   * Threads of one run, [1, 512].
   * @defaultValue as many as the machine has cores
   */
  readonly threads?: number;
}

/**
 * Starts ONNX Runtime's WebAssembly build on the processor. In Node the library is several times faster ({@link createNativeRuntime});
 * this is for finding out what a browser will compute, and for platforms that the library is not built for.
 *
 * The engine has a thread of its own, so progress bars, servers and Ctrl-C answer while a step runs.
 *
 * @param options - See {@link WasmRuntimeOptions}.
 * @returns The runtime; dispose it when done.
 * @throws RangeError if `threads` is out of range. RuntimeError if the package onnxruntime-web cannot be loaded.
 */
export async function createWasmRuntime(options: WasmRuntimeOptions = {}): Promise<Runtime> {
  const { threads = availableParallelism() } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > 512)
    throw new RangeError(
      explain({
        api: "createWasmRuntime",
        action: "use threads",
        received: `got ${threads}`,
        rule: "must be an integer in [1, 512]",
      }),
    );
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const url = new URL(`./web/worker.${extension}`, import.meta.url);
  const { engine, info, close } = await startWorkerEngine(url, "wasm", { threads });
  return runtimeOver(
    engine,
    { ...info, target: "wasm", threads, memory: "flat", visible: [], sharesMemory: true },
    close,
  );
}

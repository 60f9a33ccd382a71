/** ONNX Runtime's WebAssembly build in the calling thread: on the processor, and in browsers on the GPU. */

import { explain } from "../base/errors.ts";
import { runtimeOver } from "./engine-runtime.ts";
import type { Runtime } from "./runtime.ts";
import { WebEngine } from "./web/engine.ts";
import { surveyThreads } from "./web/threads.ts";

/** Options of {@link createWebRuntime}. */
export interface WebRuntimeOptions {
  /** `"wasm"` runs everywhere; `"webgpu"` needs a browser with WebGPU. */
  readonly device: "wasm" | "webgpu";
  /**
   * Threads of one run on the processor, [1, 512]; one where there is no shared memory.
   * @defaultValue as many as the machine has cores; 1 on `"webgpu"`
   */
  readonly threads?: number;
  /**
   * Folder with the files of `onnxruntime-web/dist`, as an absolute URL: for pages without a bundler.
   * @defaultValue where the package onnxruntime-web is
   */
  readonly engineUrl?: string | URL;
}

/**
 * Starts ONNX Runtime's WebAssembly build in the calling thread, which waits while a program runs: in pages call it in a
 * dedicated worker. The heap never gives memory back to the machine before its thread ends, so a worker for each training run
 * is the way to have it back.
 *
 * @param options - See {@link WebRuntimeOptions}.
 * @returns The runtime; dispose it when done.
 * @throws RangeError if `threads` is out of range. RuntimeError if ONNX Runtime cannot be loaded, or there is no GPU.
 */
export async function createWebRuntime(options: WebRuntimeOptions): Promise<Runtime> {
  const { device, engineUrl } = options;
  const possible = surveyThreads();
  const wanted = options.threads ?? (device === "wasm" ? possible.count : 1);
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > 512)
    throw new RangeError(
      explain({
        api: "createWebRuntime",
        action: "use threads",
        received: `got ${wanted}`,
        rule: "must be an integer in [1, 512]",
      }),
    );
  const threads = possible.reason === undefined ? wanted : 1;
  const engine = await WebEngine.start({ device, threads, engineUrl: engineUrl?.toString() });
  const { description, float16 } = engine.info();
  return runtimeOver(engine, {
    description:
      possible.reason === undefined || device !== "wasm" ? description : `${description}: ${possible.reason}`,
    float16,
    target: device,
    threads,
    memory: device === "wasm" ? "flat" : "whole",
    visible: [],
    sharesMemory: device === "wasm",
  });
}

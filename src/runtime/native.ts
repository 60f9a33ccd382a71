/** ONNX Runtime's library in Node, in a worker thread: on the CPU over shared memory, and on GPUs through WebGPU or CUDA. */

import { availableParallelism } from "node:os";
import { explain } from "../base/errors.ts";
import { runtimeOver } from "./engine-runtime.ts";
import type { NativeEngineInfo, NativeEngineOptions } from "./native/engine.ts";
import type { NativeDevice } from "./native/provider.ts";
import type { Runtime } from "./runtime.ts";
import { startWorkerEngine } from "./worker-engine.ts";

/** Options of {@link createNativeRuntime}. */
export interface NativeRuntimeOptions {
  /** `"cpu"`, `"webgpu"`, or `"cuda"` where `CAMEO_ONNXRUNTIME` names a library that was built with it. */
  readonly device: NativeDevice;
  /**
   * Threads of one run, [1, 512].
   * @defaultValue as many as the machine has cores
   */
  readonly threads?: number;
}

/** Threads of the pool that all sessions of this process share; the first runtime decides. */
let poolThreads: number | undefined;

/**
 * Starts ONNX Runtime's library on a device.
 *
 * The engine has a thread of its own, so progress bars, servers and Ctrl-C answer while a step runs. All runtimes of a
 * process share one pool of threads when they ask for the same number, and one WebGPU device.
 *
 * @param options - See {@link NativeRuntimeOptions}.
 * @returns The runtime; dispose it when done.
 * @throws RangeError if `threads` is out of range. RuntimeError if ONNX Runtime cannot be loaded, or the device is not there.
 */
export async function createNativeRuntime(options: NativeRuntimeOptions): Promise<Runtime> {
  return (await openNative(options)).runtime;
}

/** The runtime and, when it is the CPU's, the GPUs of the machine for which there could be one too, the fastest first. */
export async function openNative(
  options: NativeRuntimeOptions,
): Promise<{ readonly runtime: Runtime; readonly gpus: readonly NativeDevice[] }> {
  const { device, threads = availableParallelism() } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > 512)
    throw new RangeError(
      explain({
        api: "createNativeRuntime",
        action: "use threads",
        received: `got ${threads}`,
        rule: "must be an integer in [1, 512]",
      }),
    );
  poolThreads ??= threads;
  const isHost = device === "cpu";
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const { engine, info, close } = await startWorkerEngine(
    new URL(`./native/worker.${extension}`, import.meta.url),
    device,
    { device, threads, ownPool: threads !== poolThreads } satisfies NativeEngineOptions,
    !isHost, // a process has one GPU device, and it may not be used from two threads
  );
  const runtime = runtimeOver(
    engine,
    {
      ...info,
      target: device,
      threads,
      memory: isHost ? "flat" : "whole",
      visible: isHost ? ["device", "host"] : ["host"],
      sharesMemory: isHost,
    },
    close,
  );
  return { runtime, gpus: (info as NativeEngineInfo).gpus };
}

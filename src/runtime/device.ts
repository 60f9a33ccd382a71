/** Chooses where to run, in Node. */

import { messageOf } from "../base/errors.ts";
import { openNative } from "./native.ts";
import type { Device, Runtime } from "./runtime.ts";

/** Options of {@link openDevice}. */
export interface DeviceOptions {
  /**
   * Where to run.
   * @defaultValue "auto"
   */
  readonly device?: Device;
  /**
   * Threads of one run on the CPU and on wasm, [1, 512].
   * @defaultValue as many as the machine has cores
   */
  readonly threads?: number;
}

/** A runtime, and in one line what it is and why. */
export interface OpenDevice {
  readonly runtime: Runtime;
  /** "CPU, 8 threads: no GPU that ONNX Runtime can use". */
  readonly note: string;
}

/**
 * Starts ONNX Runtime on a device of this machine: `"cpu"`, `"webgpu"`, `"cuda"` with a library that has it (`CAMEO_ONNXRUNTIME`), or
 * `"wasm"`, the build of browsers. Left to choose, it takes a GPU that ONNX Runtime lists, CUDA before WebGPU, and else the CPU; software
 * adapters are not listed, and slower than the CPU.
 *
 * @param options - See {@link DeviceOptions}.
 * @throws RangeError if `threads` is out of range. RuntimeError if the device that was named is not there; `"auto"` falls back to the CPU.
 *
 * @example The processor
 * ```ts
 * import assert from "node:assert/strict";
 * import { openDevice } from "cameo/runtime";
 *
 * const { runtime, note } = await openDevice({ device: "cpu", threads: 1 });
 * assert.equal(runtime.target, "cpu");
 * assert.equal(note, "CPU, 1 thread");
 * await runtime[Symbol.asyncDispose]();
 * ```
 */
export async function openDevice({ device = "auto", ...options }: DeviceOptions = {}): Promise<OpenDevice> {
  if (device === "wasm") {
    const { createWasmRuntime } = await import("./wasm.ts");
    return opened(await createWasmRuntime(options));
  }
  if (device !== "auto") return opened((await openNative({ ...options, device })).runtime);
  const { runtime: cpu, gpus } = await openNative({ ...options, device: "cpu" });
  let reason = "no GPU that ONNX Runtime can use";
  for (const gpu of gpus) {
    try {
      const { runtime } = await openNative({ ...options, device: gpu });
      await cpu[Symbol.asyncDispose]();
      return opened(runtime);
    } catch (error) {
      reason = messageOf(error).split("\n")[0] as string;
    }
  }
  return opened(cpu, reason);
}

function opened(runtime: Runtime, reason?: string): OpenDevice {
  return { runtime, note: `${runtime.description}${reason === undefined ? "" : `: ${reason}`}` };
}

/** The CPU target in Node. */

import { createNativeRuntime, type NativeRuntimeOptions } from "./native.ts";
import type { Runtime } from "./runtime.ts";

/** Options of {@link createCpuRuntime}. */
export type CpuRuntimeOptions = Omit<NativeRuntimeOptions, "device">;

/**
 * Starts ONNX Runtime on the CPU: `createNativeRuntime({ device: "cpu" })`.
 *
 * @param options - See {@link CpuRuntimeOptions}.
 * @returns The runtime; dispose it when done. Its buffers are in memory that the host sees.
 * @throws RangeError if `threads` is out of range. RuntimeError if ONNX Runtime cannot be loaded.
 */
export function createCpuRuntime(options: CpuRuntimeOptions = {}): Promise<Runtime> {
  return createNativeRuntime({ ...options, device: "cpu" });
}

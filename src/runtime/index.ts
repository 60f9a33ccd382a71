/** Running graphs. */

export * from "./cpu.ts";
export { type DeviceOptions, type OpenDevice, openDevice } from "./device.ts";
export * from "./evaluate.ts";
export * from "./load-options.ts";
export { createNativeRuntime, type NativeRuntimeOptions } from "./native.ts";
export * from "./runtime.ts";

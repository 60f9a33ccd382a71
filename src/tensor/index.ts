/** Tensors on the host, and files that hold them. */

export * from "./dtype.ts";
export { readSafetensors, readSafetensorsHeader, writeSafetensors } from "./safetensors.ts";
export type { NamedTensor, SafetensorsEntry, SafetensorsHeader } from "./safetensors-format.ts";
export * from "./shape.ts";
export * from "./tensor.ts";

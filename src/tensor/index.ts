/** Tensors on the host, and files that hold them. */

export * from "./dtype.ts";
export * from "./safetensors.ts";
export * from "./shape.ts";
export * from "./tensor.ts";

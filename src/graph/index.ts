/** The ONNX intermediate representation: build it, print it, verify it, read and write it. */

export * from "./builder.ts";
export * from "./graph.ts";
export * from "./onnx/export.ts";
export * from "./onnx/external.ts";
export * from "./onnx/model.ts";
export * from "./onnx/read.ts";
export * from "./onnx/tensor.ts";
export * from "./onnx/write.ts";
export * from "./print.ts";
export * from "./verify.ts";

/** How ONNX Runtime's WebGPU provider is set up, in Node and in browsers alike. */

/**
 * Settings by name. `enableInt64`: integer arithmetic on indices stays on the device, in 32 bits, which reach as far as a shape does; without
 * it (1.30) every int64 operator goes to the processor and back.
 */
export const webgpuSettings: Readonly<Record<string, string>> = { enableInt64: "1" };

/** Tells GPUs from programs that play one. */

import { type GpuAdapter, nameOfGpu } from "../runtime/web/adapter.ts";

/** Whether a GPU is a program on the processor; the browser does not always say so itself. */
export function isSoftwareGpu(gpu: GpuAdapter): boolean {
  return (
    gpu.info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render|software/i.test(nameOfGpu(gpu))
  );
}

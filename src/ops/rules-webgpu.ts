/**
 * How ONNX Runtime's WebGPU provider (1.30) wants a graph written, so that all of it runs on the device. What it runs, and what it does not, is in
 * `targets/webgpu.ts`, which `npm run probe-target -- webgpu` measures.
 */

import type { Rules } from "./rule.ts";
import { batchNormTraining } from "./rules-norm.ts";
import { unrollScan } from "./rules-unroll.ts";
import { webgpuBits } from "./rules-webgpu-bits.ts";
import { webgpuConvolve } from "./rules-webgpu-convolve.ts";
import { webgpuDTypes } from "./rules-webgpu-dtypes.ts";
import { webgpuElementwise } from "./rules-webgpu-elementwise.ts";
import { webgpuFused } from "./rules-webgpu-fused.ts";
import { webgpuNorm } from "./rules-webgpu-norm.ts";
import { webgpuReduce } from "./rules-webgpu-reduce.ts";
import { webgpuShape } from "./rules-webgpu-shape.ts";

/** Rules of all families; those of one operator are tried in this order. */
export const webgpuLowering: Rules = together(
  { BatchNormalization: [batchNormTraining], Scan: [unrollScan] },
  webgpuBits,
  webgpuConvolve,
  webgpuElementwise,
  webgpuFused,
  webgpuNorm,
  webgpuReduce,
  webgpuShape,
  webgpuDTypes,
);

function together(...tables: readonly Rules[]): Rules {
  const keys = new Set(tables.flatMap((table) => Object.keys(table) as (keyof Rules)[]));
  return Object.fromEntries([...keys].map((key) => [key, tables.flatMap((table) => table[key] ?? [])]));
}

/** Training without the loop around it: the step compiler over the browser's runtime. */

import { createWebRuntime } from "../../../src/runtime/web.ts";
import { type CurveName, trainingCurve } from "../../support/curves.ts";

/** A training curve, and what it ran on. */
export interface Curve {
  readonly losses: readonly number[];
  readonly description: string;
  readonly threads: number;
  /** Bytes that went between host and device in all. */
  readonly copiedBytes: number;
}

/** Trains a model of `curves.ts` in this thread. */
export async function curve(
  device: "wasm" | "webgpu",
  name: CurveName,
  steps: number,
  threads?: number,
): Promise<Curve> {
  const engineUrl = new URL("/engine/", location.href).href;
  const count = threads === undefined ? {} : { threads };
  await using runtime = await createWebRuntime({ device, engineUrl, ...count });
  const losses = await trainingCurve(runtime, name, steps);
  return { losses, description: runtime.description, threads: runtime.threads, copiedBytes: runtime.copiedBytes };
}

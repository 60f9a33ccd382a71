/** Curves of training on a target beside the CPU's, as tests. */

import { expect, test } from "vitest";
import { openDevice } from "../../src/runtime/device.ts";
import { type CurveName, curveDifference, curveSteps, curves, curveTolerance, trainingCurve } from "./curves.ts";

async function curveOn(device: "cpu" | "wasm" | "webgpu", name: CurveName): Promise<number[]> {
  const { runtime } = await openDevice({ device, threads: 1 });
  try {
    return await trainingCurve(runtime, name);
  } finally {
    await runtime[Symbol.asyncDispose]();
  }
}

/** Declares a test for each curve. */
export function testCurves(target: "wasm" | "webgpu"): void {
  for (const name of Object.keys(curves) as CurveName[])
    test(`${name} on ${target}, ${curveSteps} steps`, async () => {
      const expected = await curveOn("cpu", name);
      expect(expected.at(-1)).toBeLessThan(0.8 * (expected[0] as number));
      expect(curveDifference(await curveOn(target, name), expected)).toBeLessThan(curveTolerance);
    });
}

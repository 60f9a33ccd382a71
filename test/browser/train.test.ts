import { expect, test } from "vitest";
import { createCpuRuntime } from "../../src/runtime/cpu.ts";
import { type CurveName, trainingCurve } from "../support/curves.ts";
import { sharedBrowser } from "./shared-browser.ts";

type Train = typeof import("./pages/train.ts");

const steps = 50;

/** How far a loss may be from that in Node: float32 sums in another order, and what 50 updates make of it. Measured: up to 1.2e-5. */
const tolerance = 1e-4;

async function curveInNode(name: CurveName): Promise<number[]> {
  await using runtime = await createCpuRuntime({ threads: 1 });
  return await trainingCurve(runtime, name, steps);
}

const browser = sharedBrowser();
/** A GPT on WebGPU is in `gpt.test.ts`, through `trainGpt`: on a GPU in software a second one would take too long. */
const rows = [
  ["gpt", "wasm"],
  ["cnn", "wasm"],
  ["cnn", "webgpu"],
] as const;

test.each(rows)("the curve of %s over 50 steps on %s is that of Node's CPU", async (name, device) => {
  await using page = await (await browser()).open();
  const curve = await page.module<Train>("train").curve(device, name, steps);
  const expected = await curveInNode(name);
  expect(curve.losses).toHaveLength(steps);
  expect(expected.at(-1)).toBeLessThan(0.75 * (expected[0] as number)); // something was learnt
  const apart = curve.losses.map((loss, step) => Math.abs(loss - (expected[step] as number)));
  expect(Math.max(...apart), `losses apart: ${apart.join(", ")}`).toBeLessThan(tolerance);
  expect(curve.description).toMatch(device === "wasm" ? /2 threads/ : /WebGPU.*swiftshader/i);
});

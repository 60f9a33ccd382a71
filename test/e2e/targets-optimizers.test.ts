/** A step with every optimizer runs on WebGPU as a whole: ONNX Runtime loads it without taking any of it to the CPU. */

import { afterAll, expect, test } from "vitest";
import { writeOnnx } from "../../src/graph/onnx/export.ts";
import { optimize } from "../../src/passes/optimize.ts";
import { openDevice } from "../../src/runtime/device.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { firstStep, optimizers } from "../support/optimizer-steps.ts";
import { deviceOnly } from "../support/parity.ts";
import { useSoftwareVulkan } from "../support/vulkan.ts";

const missing = useSoftwareVulkan();
let opening: Promise<{ runtime: Runtime }> | undefined;
afterAll(async () => (await opening)?.runtime[Symbol.asyncDispose]());

for (const [name, make] of missing === null ? optimizers : [])
  test(name, async () => {
    opening ??= openDevice({ device: "webgpu" });
    const { runtime } = await opening;
    await using program = await runtime.load(writeOnnx(optimize(firstStep(make()).graph, "webgpu")), deviceOnly);
    expect(program).toBeDefined();
  });

if (missing !== null) test.skip(`steps on WebGPU: ${missing}`);

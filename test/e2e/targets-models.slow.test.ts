/** ResNet-18 on WebGPU: its loss and gradients are the CPU's, and all of it runs on the device. */

import { expect, test } from "vitest";
import { openDevice } from "../../src/runtime/device.ts";
import type { Model } from "../../src/train/model.ts";
import { gradientDifferences } from "../support/check-model.ts";
import { useSoftwareVulkan } from "../support/vulkan.ts";
import { zoo } from "../support/zoo.ts";

/** Measured: 2·10⁻⁵ on both WebGPU and wasm. Smaller images leave batch normalisation two numbers a channel, and anything far apart. */
const tolerance = 1e-4;

const missing = useSoftwareVulkan();

test.skipIf(missing !== null)(missing ? `resnet: ${missing}` : "resnet", async () => {
  await using stack = new AsyncDisposableStack();
  const { runtime } = await openDevice({ device: "webgpu" });
  stack.use(runtime);
  const differences = await gradientDifferences((zoo.resnet as () => Model)(), runtime, 2);
  expect(Math.max(...differences.values())).toBeLessThan(tolerance);
});

/** One row of every operator on WebGPU, and all of Conv, whose kernels are several: results and gradients are the CPU's. All rows are in the slow tests. */

import { test } from "vitest";
import { allCases, firstOfEach, testTarget } from "../support/target-cases.ts";
import { useSoftwareVulkan } from "../support/vulkan.ts";

const missing = useSoftwareVulkan();
const all = await allCases();
const rows = new Set([...firstOfEach(all), ...all.filter(({ op }) => op === "Conv")]);
if (missing === null) testTarget("webgpu", [...rows]);
else test.skip(`operators on WebGPU: ${missing}`);

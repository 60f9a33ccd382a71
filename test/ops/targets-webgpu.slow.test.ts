/** Every row of the operators' case tables on WebGPU: results and gradients are the CPU's. */

import { test } from "vitest";
import { allCases, testTarget } from "../support/target-cases.ts";
import { useSoftwareVulkan } from "../support/vulkan.ts";

const missing = useSoftwareVulkan();
if (missing === null) testTarget("webgpu", await allCases());
else test.skip(`operators on WebGPU: ${missing}`);

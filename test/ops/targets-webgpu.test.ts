/** One row of every operator on WebGPU: results and gradients are the CPU's. All rows are in the slow tests. */

import { test } from "vitest";
import { allCases, firstOfEach, testTarget } from "../support/target-cases.ts";
import { useSoftwareVulkan } from "../support/vulkan.ts";

const missing = useSoftwareVulkan();
if (missing === null) testTarget("webgpu", firstOfEach(await allCases()));
else test.skip(`operators on WebGPU: ${missing}`);

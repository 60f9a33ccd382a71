/** A GPT, an MLP and a CNN trained on WebGPU: the losses are the CPU's, step by step. */

import { test } from "vitest";
import { testCurves } from "../support/check-curves.ts";
import { useSoftwareVulkan } from "../support/vulkan.ts";

const missing = useSoftwareVulkan();
if (missing === null) testCurves("webgpu");
else test.skip(`training on WebGPU: ${missing}`);

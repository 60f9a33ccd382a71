import { test } from "vitest";
import { useSoftwareVulkan } from "../../test/support/vulkan.ts";
import { createNativeRuntime } from "./native.ts";
import { runtimeContract } from "./runtime.contract.ts";

const missing = useSoftwareVulkan();
if (missing === null)
  runtimeContract("webgpu", (threads) =>
    createNativeRuntime(threads === undefined ? { device: "webgpu" } : { device: "webgpu", threads }),
  );
else test.skip(`webgpu as a runtime: ${missing}`);

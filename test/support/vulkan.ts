/** Finds a Vulkan driver for tests on WebGPU: the machine's own, or the software driver that comes with Chromium. */

import { existsSync, globSync } from "node:fs";

const softwareDriver = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** True if the environment names a driver, or the machine has a GPU. Mesa's software drivers do not count: ONNX Runtime (1.30) refuses them. */
function hasDriver(): boolean {
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES } = process.env;
  return VK_ICD_FILENAMES !== undefined || VK_DRIVER_FILES !== undefined || globSync("/dev/dri/renderD*").length > 0;
}

/**
 * Lets this process, and those that it starts, find an adapter: without a driver of its own the machine gets Chromium's.
 *
 * @returns null, or why there is no adapter: the reason for which a test is skipped.
 */
export function useSoftwareVulkan(): string | null {
  if (globSync("/usr/lib/*/libvulkan.so.1").length === 0 && process.platform === "linux")
    return "no Vulkan loader (Debian's libvulkan1)";
  if (hasDriver()) return null;
  if (!existsSync(softwareDriver)) return "no Vulkan driver, and no software one (Debian's chromium has it)";
  process.env.VK_ICD_FILENAMES = softwareDriver;
  return null;
}

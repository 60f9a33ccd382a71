/** What this browser can do, before a run is started. */

import { messageOf } from "../base/errors.ts";
import { findGpu, nameOfGpu } from "../runtime/web/adapter.ts";
import { surveyThreads } from "../runtime/web/threads.ts";
import { navigatorOf } from "./browser.ts";
import { isSoftwareGpu } from "./software-gpu.ts";

/** What a browser offers for training; where something is missing, a reason in words for the page. */
export interface BrowserSurvey {
  /** The fastest device that works; a GPU that is software counts as slower than the processor. */
  readonly device: "webgpu" | "wasm";
  readonly webgpu: {
    readonly available: boolean;
    readonly reason?: string;
    /** What the GPU is called. */
    readonly adapter?: string;
    /** The GPU is a program on the processor. */
    readonly software: boolean;
    /** It computes in float16. */
    readonly float16: boolean;
  };
  /** Threads on the processor; one, with a reason, where the page is not cross-origin isolated. */
  readonly threads: { readonly count: number; readonly reason?: string };
  /** Whether runs can be kept. */
  readonly storage: {
    readonly available: boolean;
    readonly reason?: string;
    readonly quotaBytes?: number;
    readonly usedBytes?: number;
  };
}

/**
 * Looks what this browser can do.
 *
 * @returns See {@link BrowserSurvey}.
 *
 * @example Say what is missing
 * ```ts
 * import assert from "node:assert/strict";
 * import { surveyBrowser } from "cameo/web";
 *
 * const { device, webgpu } = await surveyBrowser();
 * assert.equal(device, "wasm"); // here, without a browser
 * assert.match(webgpu.reason ?? "", /WebGPU/);
 * ```
 */
export async function surveyBrowser(): Promise<BrowserSurvey> {
  const [webgpu, storage] = await Promise.all([surveyGpu(), surveyStorage()]);
  return {
    device: webgpu.available && !webgpu.software ? "webgpu" : "wasm",
    webgpu,
    threads: surveyThreads(),
    storage,
  };
}

async function surveyGpu(): Promise<BrowserSurvey["webgpu"]> {
  const gpu = await findGpu();
  if (typeof gpu === "string") return { available: false, reason: gpu, software: false, float16: false };
  return {
    available: true,
    adapter: nameOfGpu(gpu),
    software: isSoftwareGpu(gpu),
    float16: gpu.features.has("shader-f16"),
  };
}

async function surveyStorage(): Promise<BrowserSurvey["storage"]> {
  const { storage } = navigatorOf();
  if (typeof storage?.getDirectory !== "function")
    return { available: false, reason: "this browser keeps no files for pages, or the page is not served over https" };
  try {
    await storage.getDirectory();
    const { quota, usage } = await storage.estimate();
    return {
      available: true,
      ...(quota === undefined ? {} : { quotaBytes: quota }),
      ...(usage === undefined ? {} : { usedBytes: usage }),
    };
  } catch (error) {
    return { available: false, reason: messageOf(error) };
  }
}

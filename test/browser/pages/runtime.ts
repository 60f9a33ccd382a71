/** Runtimes as pages make them. */

import { createWebRuntime, type WebRuntimeOptions } from "../../../src/runtime/web.ts";

/** Starts a runtime, and says what it is. */
export async function started(options: WebRuntimeOptions): Promise<{ description: string; threads: number }> {
  const engineUrl = new URL("/engine/", location.href).href;
  await using runtime = await createWebRuntime({ engineUrl, ...options });
  return { description: runtime.description, threads: runtime.threads };
}

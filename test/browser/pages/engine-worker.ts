/** The worker of `engine.ts`. */

import { WebEngine, type WebEngineOptions } from "../../../src/runtime/web/engine.ts";
import type { EngineCall, EngineResult } from "./engine.ts";

let engine: WebEngine | undefined;
let device: GPUDevice | undefined;

// Tests take a device away from its engine.
if (typeof GPUAdapter !== "undefined") {
  const original = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, settings?: GPUDeviceDescriptor) {
    device = await original.call(this, settings);
    return device;
  };
}

async function answer({ method, args }: EngineCall): Promise<unknown> {
  if (method === "withoutSuspending") {
    delete (WebAssembly as { Suspending?: unknown }).Suspending;
    return undefined;
  }
  if (method === "start") {
    engine = await WebEngine.start(args[0] as WebEngineOptions);
    return engine.info();
  }
  if (method === "loseDevice") {
    device?.destroy();
    await device?.lost;
    return undefined;
  }
  if (engine === undefined) throw new Error("the engine has not started");
  return await (engine[method] as (...args: readonly unknown[]) => unknown).apply(engine, args as unknown[]);
}

self.onmessage = async ({ data }: MessageEvent<EngineCall>) => {
  let result: EngineResult;
  try {
    result = { value: await answer(data) };
  } catch (error) {
    const { message, code, reason } = error as Error & { code?: string; reason?: string };
    result = {
      error: { message, ...(code === undefined ? {} : { code }), ...(reason === undefined ? {} : { reason }) },
    };
  }
  self.postMessage(result);
};

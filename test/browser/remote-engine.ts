/** An engine that lives in a page: with it, what tests demand of every runtime is asked of those in browsers, too. */

import { readFile } from "node:fs/promises";
import { RuntimeError } from "../../src/base/errors.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { runtimeOver } from "../../src/runtime/engine-runtime.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import type { TestPage } from "./page.ts";
import type * as Engines from "./pages/engine.ts";

let next = 1;

/** A runtime whose engine lives in a page. */
export interface RemoteRuntime extends Runtime {
  /** Takes the GPU away. */
  loseDevice(): Promise<void>;
}

/**
 * Starts a runtime in a worker of a page.
 *
 * @param page - Where.
 * @param options - How.
 */
export async function remoteRuntime(page: TestPage, options: Engines.StartOptions): Promise<RemoteRuntime> {
  const { device, threads } = options;
  const engines = page.module<typeof Engines>("engine", "page");
  const id = next++;
  const info = await engines.start(id, options);
  const ask = async (method: Engines.EngineCall["method"], args: readonly unknown[]): Promise<unknown> => {
    const result = await engines.ask(id, { method, args });
    if ("value" in result) return result.value;
    const { message, reason } = result.error;
    throw new RuntimeError(message, { reason: reason as RuntimeError["reason"] });
  };
  const engine = new Proxy({} as Engine, {
    get:
      (_, method: keyof Engine) =>
      async (...args: unknown[]) => {
        // A page cannot read the machine's files; what is none is left for the engine to refuse.
        if (method === "load" && typeof args[0] === "string") args[0] = await bytesOf(args[0]);
        return ask(method, args);
      },
  });
  const runtime = runtimeOver(
    engine,
    {
      ...info,
      target: device,
      threads,
      memory: device === "wasm" ? "flat" : "whole",
      visible: [],
      sharesMemory: device === "wasm",
    },
    () => engines.end(id),
  );
  return Object.assign(runtime, { loseDevice: async () => void (await ask("loseDevice", [])) });
}

const bytesOf = (path: string): Promise<Uint8Array | string> =>
  readFile(path).then(
    (bytes) => new Uint8Array(bytes),
    () => `/absent${path}`,
  );

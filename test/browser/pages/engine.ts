/** Engines in workers of the page, called from outside the browser. */

import type { Engine, EngineInfo } from "../../../src/runtime/engine.ts";
import type { WebEngineOptions } from "../../../src/runtime/web/engine.ts";

/** A call on its way to the worker. */
export interface EngineCall {
  readonly method: keyof Engine | "start" | "withoutSuspending" | "loseDevice";
  readonly args: readonly unknown[];
}

/** Its answer. */
export type EngineResult =
  | { readonly value: unknown }
  | { readonly error: { readonly message: string; readonly code?: string; readonly reason?: string } };

const workers = new Map<number, Worker>();

/** How {@link start} starts an engine. */
export interface StartOptions extends Omit<WebEngineOptions, "readModel"> {
  /** As in browsers that cannot suspend WebAssembly. */
  readonly withoutSuspending?: boolean;
}

/** Starts an engine in a worker of its own. */
export async function start(id: number, { withoutSuspending, ...options }: StartOptions): Promise<EngineInfo> {
  workers.set(id, new Worker(new URL("./engine-worker.ts", import.meta.url), { type: "module" }));
  const engineUrl = new URL("/engine/", location.href).href;
  if (withoutSuspending) await ask(id, { method: "withoutSuspending", args: [] });
  const result = await ask(id, { method: "start", args: [{ engineUrl, ...options }] });
  if ("error" in result) throw new Error(result.error.message);
  return result.value as EngineInfo;
}

/** Asks an engine; one question at a time. */
export function ask(id: number, call: EngineCall): Promise<EngineResult> {
  const worker = workers.get(id);
  if (worker === undefined) throw new Error(`there is no engine ${id}`);
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data as EngineResult);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(call);
  });
}

/** Ends an engine's worker. */
export function end(id: number): void {
  workers.get(id)?.terminate();
  workers.delete(id);
}

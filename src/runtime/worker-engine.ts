/**
 * An engine in a worker thread of Node: its calls become messages, so that progress bars, servers and Ctrl-C answer while a step
 * runs.
 */

import { Worker } from "node:worker_threads";
import { RuntimeError } from "../base/errors.ts";
import type { Engine, EngineInfo } from "./engine.ts";

/** A call on its way to the worker. `engine` is what `start` answered; engines of one thread take turns. */
export interface EngineRequest {
  readonly id: number;
  readonly engine: number;
  readonly method: keyof Engine | "start";
  readonly args: readonly unknown[];
}

/** What `start` answers. */
export interface Started {
  readonly engine: number;
  readonly info: EngineInfo;
}

/** An answer: the result, or what is left of the error. */
export type EngineAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string; readonly reason?: RuntimeError["reason"] };

/** An engine that was started in a thread. */
export interface WorkerEngine {
  readonly engine: Engine;
  readonly info: EngineInfo;
  /** Gives up the thread: it ends with its last engine. */
  close(): Promise<void>;
}

/** A worker thread with its engines. */
interface Thread {
  ask(request: Omit<EngineRequest, "id">): Promise<unknown>;
  end(): Promise<void>;
  users: number;
}

const methods = [
  "createBuffer",
  "read",
  "write",
  "load",
  "prepare",
  "run",
  "call",
  "releaseProgram",
  "releasePlan",
  "stop",
] as const satisfies readonly (keyof Engine)[];

/** Threads that several engines share, by name. */
const sharedThreads = new Map<string, Thread>();

/**
 * Starts an engine in a worker.
 *
 * @param url - The worker's file; it calls `serveEngine`.
 * @param name - Of the engine, for messages.
 * @param options - What the engine is started with.
 * @param shared - One thread for all engines of that name: for libraries that may not be used from two threads.
 */
export async function startWorkerEngine(
  url: URL,
  name: string,
  options: unknown,
  shared = false,
): Promise<WorkerEngine> {
  const thread = (shared ? sharedThreads.get(name) : undefined) ?? openThread(url, name);
  if (shared) sharedThreads.set(name, thread);
  thread.users++;
  const close = async (): Promise<void> => {
    thread.users--;
    if (thread.users > 0) return;
    if (sharedThreads.get(name) === thread) sharedThreads.delete(name);
    await thread.end();
  };
  try {
    const { engine: number, info } = (await thread.ask({ engine: -1, method: "start", args: [options] })) as Started;
    const entries = methods.map((method) => [
      method,
      (...args: unknown[]) => thread.ask({ engine: number, method, args }),
    ]);
    return { engine: Object.fromEntries(entries) as unknown as Engine, info, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function openThread(url: URL, name: string): Thread {
  // Flags of the main thread such as --input-type forbid a worker to start; the engine needs none.
  const worker = new Worker(url, { name: `cameo-${name}`, execArgv: [] });
  worker.unref(); // an idle engine does not keep the process alive
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  let next = 0;
  let failed: RuntimeError | undefined;
  const fail = (error: RuntimeError): void => {
    failed ??= error;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  worker.on("message", (answer: EngineAnswer) => {
    const waiting = pending.get(answer.id);
    if (waiting === undefined) return;
    pending.delete(answer.id);
    if (pending.size === 0) worker.unref();
    if ("error" in answer) waiting.reject(new RuntimeError(answer.error, { reason: answer.reason }));
    else waiting.resolve(answer.result);
  });
  worker.on("error", (cause) =>
    fail(new RuntimeError(`runtime.${name}: the engine's thread failed: ${cause.message}`, { cause })),
  );
  worker.on("exit", () => fail(new RuntimeError(`runtime.${name}: the engine's thread has ended`)));
  return {
    users: 0,
    ask: (request) => {
      if (failed !== undefined) return Promise.reject(failed);
      const waiting = Promise.withResolvers<unknown>();
      const id = next++;
      pending.set(id, waiting);
      worker.ref();
      worker.postMessage({ ...request, id } satisfies EngineRequest);
      return waiting.promise;
    },
    end: async () => {
      worker.ref();
      await worker.terminate();
    },
  };
}

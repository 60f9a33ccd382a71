/** Runs of `cameo/web` without a browser: the worker is in the same thread, behind a message channel. */

import { createWebRuntime } from "../../src/runtime/web.ts";
import { trainGpt, type WebRun } from "../../src/web/train-gpt.ts";
import type { RunWorker, WebGptOptions, WebGptRecipe } from "../../src/web/web-options.ts";
import { type SessionTools, serveRun } from "../../src/web/worker/serve-run.ts";

/** A model that trains in milliseconds. */
export const tinyRecipe: WebGptRecipe = {
  tokenizer: "character",
  layers: 1,
  heads: 2,
  width: 16,
  context: 16,
  batchSize: 4,
  steps: 8,
  warmupSteps: 2,
  dropout: 0.1,
  evaluateEvery: 4,
  evaluationBatches: 2,
  checkpointEvery: 4,
  sampleEvery: 0,
};

/** A text for it. */
export const tinyText: string = "the quick brown fox jumps over the lazy dog. ".repeat(40);

/** A worker in this thread. Engines start with one thread: these cannot be ended. */
export function workerHere(tools: Partial<SessionTools> = {}): RunWorker {
  const { port1, port2 } = new MessageChannel();
  serveRun(port2 as never, {
    createRuntime: (options) => createWebRuntime({ ...options, threads: 1 }),
    ...tools,
  });
  port2.start();
  port1.start();
  return {
    postMessage: (message) => port1.postMessage(message),
    addEventListener: (type: string, listener: (event: never) => void) =>
      port1.addEventListener(type as "message", listener as never),
    terminate: () => port1.close(),
  };
}

/** A run in this thread, of the tiny recipe on the tiny text unless told otherwise. */
export function trainHere(options: WebGptOptions = {}, tools: Partial<SessionTools> = {}): WebRun {
  const text = options.resume === true ? {} : { text: tinyText };
  return trainGpt({
    ...text,
    device: "wasm",
    worker: () => workerHere(tools),
    ...options,
    recipe: options.resume === true ? (options.recipe ?? {}) : { ...tinyRecipe, ...options.recipe },
  });
}

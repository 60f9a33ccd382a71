/** A worker in which one contender lives. */

import type { Contender, StartContender } from "./contender.ts";
import { makeTask, type TaskName } from "./tasks.ts";

/** Who takes part. */
export type ContenderName = "cameo" | "tensorflow" | "jax" | "cameo-webgpu";

/** What the worker is asked. */
export type WorkerRequest = { readonly start: ContenderName; readonly task: TaskName } | { readonly run: number };

/** What it answers. */
export type WorkerAnswer =
  | Omit<Contender, "run">
  | Awaited<ReturnType<Contender["run"]>>
  | { readonly failure: string };

/** Loaded by name: nobody carries the others' code. */
const starters: Readonly<Record<ContenderName, () => Promise<StartContender>>> = {
  cameo: async () => (await import("./ours.ts")).startOurs("wasm"),
  "cameo-webgpu": async () => (await import("./ours.ts")).startOurs("webgpu"),
  tensorflow: async () => (await import("./tfjs.ts")).startTensorFlow,
  jax: async () => (await import("./jax.ts")).startJax,
};

let contender: Contender | undefined;

async function answer(request: WorkerRequest): Promise<WorkerAnswer> {
  if ("start" in request) {
    contender = await (await starters[request.start]())(makeTask(request.task));
    const { run: _, ...described } = contender;
    return described;
  }
  if (contender === undefined) throw new Error("nobody has started");
  return contender.run(request.run);
}

self.onmessage = async ({ data }: MessageEvent<WorkerRequest>) => {
  try {
    self.postMessage(await answer(data));
  } catch (error) {
    self.postMessage({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
};

/** Cameo on the browser's runtime. */

import { adam } from "../../src/optim/adam.ts";
import { createWebRuntime } from "../../src/runtime/web.ts";
import { sequenceFirst } from "../../src/text/gpt.ts";
import type { Batch } from "../../src/train/model.ts";
import { createStepProgram } from "../../src/train/step-program.ts";
import { type StartContender, timed } from "./contender.ts";
import { adamOptions, seed, type WebTask } from "./tasks.ts";

function batchOf({ name, inputs, labels, batchSize }: WebTask): Batch {
  if (name !== "gpt") return { images: inputs.data, labels: labels.data };
  return { tokens: sequenceFirst(inputs.data as Int32Array, batchSize), labels: sequenceFirst(labels.data, batchSize) };
}

/** Starts Cameo on a device. */
export const startOurs =
  (device: "wasm" | "webgpu"): StartContender =>
  async (task) => {
    const runtime = await createWebRuntime({ device, engineUrl: new URL("/engine/", location.origin).href });
    const { model, batchSize } = task;
    const program = await createStepProgram({ runtime, model, optimizer: adam(adamOptions), batchSize, seed });
    const batch = batchOf(task);
    return {
      name: device === "wasm" ? "Cameo wasm" : `Cameo ${runtime.description}`,
      threads: device === "wasm" ? runtime.threads : null,
      run: timed(async (index) => (await program.step(index, [batch])).loss),
    };
  };

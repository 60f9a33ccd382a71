/** Training in Node: the loop, on the CPU unless told otherwise, kept in a folder. */

import { createCpuRuntime } from "../runtime/cpu.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { folderStore } from "./folder-store.ts";
import { trainLoop } from "./loop.ts";
import type { LoopOptions, Run } from "./loop-options.ts";
import type { RunFolder } from "./run-folder.ts";

/** Options of {@link train}. */
export interface TrainOptions extends LoopOptions {
  /** Folder of the run, made with `createRunFolder`; without one nothing is written. */
  readonly folder?: RunFolder;
  /** Where to run; a CPU runtime of its own when absent. */
  readonly runtime?: Runtime;
}

/**
 * Trains a model.
 *
 * @param options - See {@link TrainOptions}.
 * @returns The run, already under way.
 * @throws RangeError for counts that are not positive integers. Failures while running reject `result` and end the loop.
 */
export function train(options: TrainOptions): Run {
  const { folder, runtime = createCpuRuntime } = options;
  return trainLoop({ runtime, store: folder === undefined ? null : folderStore(folder) }, options);
}

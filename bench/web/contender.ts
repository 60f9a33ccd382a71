/** What takes part in the benchmark: a library that runs the same training step from the same weights. */

import type { WebTask } from "./tasks.ts";

/** One step after the other, in the thread that calls. */
export interface Contender {
  /** `"TensorFlow.js 4.22.0 wasm"`. */
  readonly name: string;
  /** Threads it computes with, if it says. */
  readonly threads: number | null;
  /** What it had to do otherwise than the others. */
  readonly note?: string;
  /** Runs steps: time of each [ms] and its loss. */
  run(steps: number): Promise<{ readonly ms: readonly number[]; readonly losses: readonly number[] }>;
}

/** Gets ready: loads the engine, uploads the weights, compiles. */
export type StartContender = (task: WebTask) => Promise<Contender>;

/**
 * The `run` of a contender.
 *
 * @param step - Does one step and resolves to its loss when it has been computed.
 */
export function timed(step: (index: number) => number | Promise<number>): Contender["run"] {
  let done = 0;
  return async (steps) => {
    const [ms, losses]: [number[], number[]] = [[], []];
    for (let i = 0; i < steps; i++) {
      const start = performance.now();
      losses.push(await step(done++));
      ms.push(performance.now() - start);
    }
    return { ms, losses };
  };
}

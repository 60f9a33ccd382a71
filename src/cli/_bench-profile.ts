/** Where a step's time goes, by operator: ONNX Runtime's own profile of it. */

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withLoadOptions } from "../runtime/load-options.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** One operator's part of a step. */
export interface OperatorShare {
  readonly operator: string;
  /** Time in its kernels [ms]; on a GPU, as the GPU measured it. */
  readonly msPerStep: number;
  /** Kernels that a step runs. */
  readonly kernels: number;
  /** Of the time in all kernels, [0, 1]. */
  readonly share: number;
}

/** An event of the profile, as far as it is used. */
interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  /** [µs] */
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

const kernelSuffix = "_kernel_time";

/**
 * Profiles some steps.
 *
 * @param runtime - Where they run.
 * @param steps - How many.
 * @param run - Loads what it needs on the runtime it is given, runs that many steps, and disposes all of it.
 * @returns The operators by their time, the longest first.
 */
export async function profileStep(
  runtime: Runtime,
  steps: number,
  run: (runtime: Runtime, steps: number) => Promise<void>,
): Promise<OperatorShare[]> {
  const folder = await mkdtemp(join(tmpdir(), "cameo-profile-"));
  try {
    await run(withLoadOptions(runtime, { profilePrefix: join(folder, "profile") }), steps);
    const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")));
    return sharesOf(
      files.flatMap((text) => JSON.parse(text) as ProfileEvent[]),
      steps,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Adds up a profile. GPUs report their kernels as events of their own, named "node&operator&kernel"; where there are any, those of the host
 * only say how long it took to submit them.
 */
export function sharesOf(events: readonly ProfileEvent[], steps: number): OperatorShare[] {
  const ofGpu = events.filter(({ cat, name }) => cat === "Api" && name.split("&").length === 3);
  const kernels: [operator: string, ms: number][] =
    ofGpu.length > 0
      ? ofGpu.map(({ name, dur }) => [name.split("&")[1] as string, dur / 1000])
      : events
          .filter(({ cat, name }) => cat === "Node" && name.endsWith(kernelSuffix))
          .map(({ args, dur }) => [args?.op_name ?? "unknown", dur / 1000]);
  const all = kernels.reduce((sum, [, ms]) => sum + ms, 0);
  const byOperator = Map.groupBy(kernels, ([operator]) => operator);
  return [...byOperator]
    .map(([operator, list]) => {
      const ms = list.reduce((sum, [, part]) => sum + part, 0);
      return { operator, msPerStep: ms / steps, kernels: list.length / steps, share: all === 0 ? 0 : ms / all };
    })
    .sort((a, b) => b.msPerStep - a.msPerStep);
}

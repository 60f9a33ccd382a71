/** Step programs in tests: their state as numbers, and the same steps over whole buffers. */

import { expect } from "vitest";
import type { TypedArray } from "../../src/tensor/dtype.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import type { StateTensor } from "../../src/train/memory.ts";
import type { Batch } from "../../src/train/model.ts";
import { createStepProgram, type StepProgram, type StepProgramOptions } from "../../src/train/step-program.ts";
import { expectClose } from "./run-layer.ts";
import { createWholeRuntime } from "./whole-runtime.ts";

/** A copy of every tensor of a program's state. */
export async function readState(program: Pick<StepProgram, "state">): Promise<Map<string, Tensor>> {
  const read = async ({ shape, view }: StateTensor): Promise<Tensor> => ({
    dtype: view.buffer.dtype,
    shape,
    data: await view.buffer.read(view.offset, view.offset + sizeOf(shape)),
  });
  const entries = [...program.state].map(async ([name, value]): Promise<[string, Tensor]> => [name, await read(value)]);
  return new Map(await Promise.all(entries));
}

/** Throws unless two states have the same names and the same numbers up to rounding. */
export function expectSameState(
  got: ReadonlyMap<string, Tensor>,
  expected: ReadonlyMap<string, Tensor>,
  rtol = 2e-5,
  atol = 2e-6,
): void {
  expect([...got.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, value] of expected) expectClose(name, got.get(name) as Tensor, value, rtol, atol);
}

/**
 * Trains the same steps as one whole graph each, over state in two buffers.
 *
 * @param options - Of the program; the runtime is this function's.
 * @param start - State to begin with, by the names of a step program.
 * @param batches - Of all steps, one after the other.
 * @returns Losses, and the state after the last step.
 */
export async function trainWhole(
  options: Omit<StepProgramOptions, "runtime">,
  start: ReadonlyMap<string, Tensor>,
  batches: readonly Batch[],
): Promise<{ losses: number[]; state: Map<string, Tensor> }> {
  await using runtime = await createWholeRuntime();
  await using program = await createStepProgram({ runtime, ...options });
  for (const [name, { view }] of program.state) await view.buffer.write(start.get(name)?.data as TypedArray);
  const { accumulate = 1 } = options;
  const losses: number[] = [];
  for (let step = 0; step * accumulate < batches.length; step++)
    losses.push((await program.step(step, batches.slice(step * accumulate, (step + 1) * accumulate))).loss);
  return { losses, state: await readState(program) };
}

/** The plumbing of mixed precision. Whether its numbers are right is for `mixed-model.test.ts` to say: the CPU computes float16 in float32. */

import { expect, test } from "vitest";
import { classificationData, mlpModel } from "../../test/support/models.ts";
import { readState } from "../../test/support/programs.ts";
import { createWholeRuntime } from "../../test/support/whole-runtime.ts";
import { adamw } from "../optim/adam.ts";
import { chain } from "../optim/chain.ts";
import { clipByGlobalNorm } from "../optim/clip.ts";
import { sgd } from "../optim/sgd.ts";
import type { Transform } from "../optim/transform.ts";
import { createCpuRuntime } from "../runtime/cpu.ts";
import type { Batch } from "./model.ts";
import { createStepProgram } from "./step-program.ts";

const data = classificationData([6]);
const batchOf = (index: number): Batch => data.batch(index, 6) as Batch;
const optimizer = chain(clipByGlobalNorm(1), adamw({ learningRate: 0.02 }));

async function losses(
  precision: "float32" | "mixed",
  accumulate: number,
  rule: Transform = optimizer,
): Promise<number[]> {
  await using runtime = await createWholeRuntime();
  const options = { runtime, model: mlpModel(), optimizer: rule, batchSize: 6, seed: 1, accumulate, precision };
  await using program = await createStepProgram(options);
  const results: number[] = [];
  for (let step = 0; step < 20; step++) {
    const batches = Array.from({ length: accumulate }, (_, i) => batchOf(step * accumulate + i));
    const { loss, skipped } = await program.step(step, batches);
    expect(skipped).toBeUndefined();
    results.push(loss);
  }
  return results;
}

test.each([1, 3])("twenty steps of %s batches in mixed precision follow those in float32", async (accumulate) => {
  const [single, mixed] = [await losses("float32", accumulate), await losses("mixed", accumulate)];
  for (const [i, loss] of single.entries()) expect(Math.abs((mixed[i] as number) - loss)).toBeLessThan(5e-3);
  expect(mixed.at(-1)).toBeLessThan((mixed[0] as number) * 0.8);
});

test.each([1, 2])(
  "a step of %s batches with a gradient that is not finite changes nothing but the scale",
  async (accumulate) => {
    await using runtime = await createWholeRuntime();
    const options = {
      runtime,
      model: mlpModel(),
      optimizer,
      batchSize: 6,
      seed: 1,
      accumulate,
      precision: "mixed",
    } as const;
    await using program = await createStepProgram(options);
    const before = await readState(program);
    const good = Array.from({ length: accumulate }, (_, i) => batchOf(i));
    const bad = good.map((batch) => ({ ...batch, x: (batch.x as Float32Array).map(() => Number.POSITIVE_INFINITY) }));
    const { skipped, lossScale } = await program.step(0, [...good.slice(1), bad[0] as Batch]);
    expect([skipped, lossScale]).toEqual([true, 65536]);
    expect(await readState(program)).toEqual(before);
    expect(program.lossScale?.save()).toEqual({ scale: 32768, good: 0, skipped: 1 });
    expect(await program.step(1, good)).toMatchObject({ lossScale: 32768, loss: expect.closeTo(1.15, 0) });
    const after = await readState(program);
    // The first step that was taken is the optimizer's first: at the same scale it is that of a program that never failed.
    await using fresh = await createStepProgram(options);
    await fresh.step(0, good);
    expect(after).toEqual(await readState(fresh));
  },
);

test("a device that does not compute in float16 refuses it", async () => {
  await using runtime = await createCpuRuntime({ threads: 1 });
  const options = { runtime, model: mlpModel(), optimizer: sgd(), batchSize: 6, seed: 1, precision: "mixed" } as const;
  await expect(createStepProgram(options)).rejects.toThrow(
    "train: cannot compute in mixed precision: CPU, 1 thread does not compute in float16, the device must",
  );
});

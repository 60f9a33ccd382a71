/** Curves of training on a runtime: a GPT, an MLP and a CNN, each over the same batches. Runs in browsers too. */

import { adamw } from "../../src/optim/adam.ts";
import { chain } from "../../src/optim/chain.ts";
import { clipByGlobalNorm } from "../../src/optim/clip.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { gpt } from "../../src/text/gpt.ts";
import type { Batch, Model } from "../../src/train/model.ts";
import { createStepProgram } from "../../src/train/step-program.ts";
import { classificationData, convModel, mlpModel } from "./models.ts";

/** A sentence over and over, cut at other places in every batch. */
function textBatch(index: number, batchSize: number, context: number): Batch {
  const at = (i: number): number => (i * i + 3 * i) % 11;
  const rows = (shift: number): Int32Array =>
    Int32Array.from({ length: batchSize * context }, (_, i) => {
      const [position, row] = [Math.floor(i / batchSize), i % batchSize];
      return at(index * 5 + row * 3 + position + shift);
    });
  return { tokens: rows(0), labels: rows(1) };
}

const images = classificationData([1, 6, 6]);
const vectors = classificationData([6]);

/** A model of {@link curves}. */
export type CurveName = "cnn" | "gpt" | "mlp";

/** What is trained, by name. */
export const curves: Readonly<
  Record<CurveName, { readonly model: () => Model; readonly batch: (step: number) => Batch }>
> = {
  cnn: { model: convModel, batch: (step) => images.batch(step, 4) as Batch },
  gpt: {
    model: () => gpt({ layers: 2, heads: 2, width: 16, context: 8, vocabulary: 11, dropout: 0.1 }),
    batch: (step) => textBatch(step, 4, 8),
  },
  mlp: { model: () => mlpModel(0.1), batch: (step) => vectors.batch(step, 4) as Batch },
};

/** Steps of a curve. */
export const curveSteps = 50;

/**
 * Largest difference of the losses of a step, relative to the first loss. Rounding grows by itself while a model trains; measured: 3·10⁻⁶ at the
 * end of the 50 steps.
 */
export const curveTolerance = 1e-4;

/** Trains a model from its start and gives the loss of every step. */
export async function trainingCurve(runtime: Runtime, name: CurveName, steps: number = curveSteps): Promise<number[]> {
  const { model, batch } = curves[name];
  await using program = await createStepProgram({
    runtime,
    model: model(),
    optimizer: chain(clipByGlobalNorm(1), adamw({ learningRate: 0.01, epsilon: 1e-4 })),
    batchSize: 4,
    seed: 1,
  });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) losses.push((await program.step(step, [batch(step)])).loss);
  return losses;
}

/** How far two curves are apart, relative to the first loss. */
export function curveDifference(got: readonly number[], expected: readonly number[]): number {
  const apart = got.map((loss, i) => Math.abs(loss - (expected[i] as number)));
  return Math.max(...apart) / (expected[0] as number);
}

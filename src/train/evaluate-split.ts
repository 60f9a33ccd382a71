/** The loss of a model over a part of its data. */

import type { Dataset } from "./model.ts";
import type { StepProgram } from "./step-program.ts";

/**
 * Mean loss over a split.
 *
 * @param program - The model as it is now.
 * @param data - Where batches come from.
 * @param split - Which part of the data.
 * @param batchSize - Samples per batch; that of the program.
 * @param most - Most batches to take.
 * @returns The mean [nats], or undefined if the split has no batch.
 */
export async function evaluateSplit(
  program: StepProgram,
  data: Dataset,
  split: "train" | "validation",
  batchSize: number,
  most: number = Number.POSITIVE_INFINITY,
): Promise<number | undefined> {
  let sum = 0;
  let count = 0;
  for (; count < most; count++) {
    const batch = await data.evaluation(split, count, batchSize);
    if (batch === null) break;
    sum += await program.evaluate(batch);
  }
  return count === 0 ? undefined : sum / count;
}

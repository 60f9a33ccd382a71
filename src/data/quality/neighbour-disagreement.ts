/** Labels that differ from those of the most similar examples. */

import { explain, ShapeError } from "../../base/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/**
 * The share of each example's nearest neighbours that have another label.
 *
 * Needs no model of the task, only embeddings of any kind, and finds what confident learning misses where probabilities are poor.
 * Similarity is the cosine; all pairs are compared, so it suits up to some 50,000 examples.
 *
 * @param embeddings - `[examples, size]`.
 * @param labels - Class of each example.
 * @param options - `neighbours`: how many, 10 when absent.
 * @returns A score [0, 1] for each example; 1 means that all neighbours disagree.
 * @throws ShapeError if there is not one label per row.
 * @throws RangeError if `neighbours` is no positive integer below the number of examples.
 *
 * @example One among others
 * ```ts
 * import assert from "node:assert/strict";
 * import { tensor } from "cameo";
 * import { neighbourDisagreement } from "cameo/data/quality";
 *
 * const embeddings = tensor("float32", [6, 2], [1, 0, 1, 0.1, 1, -0.1, 0, 1, 0.1, 1, -0.1, 1]);
 * const scores = neighbourDisagreement(embeddings, [0, 0, 1, 1, 1, 1], { neighbours: 2 });
 * assert.deepEqual([...scores], [0.5, 0.5, 1, 0, 0, 0]);
 * ```
 */
export function neighbourDisagreement(
  embeddings: Tensor,
  labels: ArrayLike<number>,
  options: { readonly neighbours?: number } = {},
): Float64Array {
  const [numExamples = 0, size = 0] = embeddings.shape;
  const { neighbours = 10 } = options;
  const refuse = (action: string, received: string, rule: string): string =>
    explain({ api: "neighbourDisagreement", action, received, rule });
  if (embeddings.shape.length !== 2 || labels.length !== numExamples)
    throw new ShapeError(
      refuse(
        "compare labels with neighbours",
        `got embeddings [${embeddings.shape.join(", ")}] and ${labels.length} labels`,
        "needs [examples, size] and a label per example",
      ),
    );
  if (!Number.isInteger(neighbours) || neighbours < 1 || neighbours >= numExamples)
    throw new RangeError(refuse("use neighbours", `got ${neighbours}`, `must be an integer in [1, ${numExamples})`));
  const unit = normalised(embeddings.data as ArrayLike<number>, numExamples, size);
  const scores = new Float64Array(numExamples);
  for (let i = 0; i < numExamples; i++) {
    const nearest: { index: number; cosine: number }[] = []; // ascending by cosine, at most `neighbours`
    for (let j = 0; j < numExamples; j++) {
      if (j === i) continue;
      let cosine = 0;
      for (let d = 0; d < size; d++) cosine += (unit[i * size + d] as number) * (unit[j * size + d] as number);
      if (nearest.length === neighbours && cosine <= (nearest[0]?.cosine as number)) continue;
      if (nearest.length === neighbours) nearest.shift();
      const at = nearest.findIndex((each) => each.cosine >= cosine);
      nearest.splice(at < 0 ? nearest.length : at, 0, { index: j, cosine });
    }
    scores[i] = nearest.filter(({ index }) => labels[index] !== labels[i]).length / neighbours;
  }
  return scores;
}

function normalised(data: ArrayLike<number>, numExamples: number, size: number): Float32Array {
  const unit = new Float32Array(numExamples * size);
  for (let i = 0; i < numExamples; i++) {
    let square = 0;
    for (let d = 0; d < size; d++) square += Number(data[i * size + d]) ** 2;
    const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
    for (let d = 0; d < size; d++) unit[i * size + d] = Number(data[i * size + d]) * scale;
  }
  return unit;
}

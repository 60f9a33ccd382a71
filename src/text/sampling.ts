/** Chooses the next token from a model's logits. */

import { explain } from "../base/errors.ts";

/** How the next token is chosen. */
export interface SamplingOptions {
  /**
   * Divides the logits: below 1 safer, above 1 wilder; 0 always takes the likeliest token.
   * @defaultValue 1
   */
  readonly temperature?: number;
  /**
   * Only the k likeliest tokens are drawn from.
   * @defaultValue all
   */
  readonly topK?: number;
  /**
   * Only the likeliest tokens that together hold this probability are drawn from, (0, 1]; the one that crosses the bound included.
   * @defaultValue 1
   */
  readonly topP?: number;
}

/**
 * Checks sampling options.
 *
 * @throws RangeError naming the option that is out of range.
 */
export function checkSampling(options: SamplingOptions): void {
  const refuse = (name: string, value: unknown, rule: string): never => {
    throw new RangeError(explain({ api: "sample", action: `use ${name}`, received: `got ${value}`, rule }));
  };
  const { temperature = 1, topK, topP = 1 } = options;
  if (!(temperature >= 0 && Number.isFinite(temperature))) refuse("temperature", temperature, "must be at least 0");
  if (topK !== undefined && !(Number.isInteger(topK) && topK > 0)) refuse("topK", topK, "must be a positive integer");
  if (!(topP > 0 && topP <= 1)) refuse("topP", topP, "must be in (0, 1]");
}

/**
 * Draws a token. Temperature, then top-k, then top-p, as Hugging Face's generation does.
 *
 * @param logits - One number per token; not changed.
 * @param uniform - [0, 1) The random number that decides.
 * @param options - See {@link SamplingOptions}.
 * @returns Id of the token. Equal logits keep their order by id.
 * @throws RangeError if an option is out of range.
 * @source Holtzman et al., "The Curious Case of Neural Text Degeneration", 2020, https://arxiv.org/abs/1904.09751, section 3.1 (top-p).
 *
 * @example Temperature 0 is greedy
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleToken } from "cameo/text";
 *
 * assert.equal(sampleToken([0.1, 3, 0.2], 0.99, { temperature: 0 }), 1);
 * assert.equal(sampleToken([0.1, 3, 2.9], 0.99, { topK: 2 }), 2);
 * ```
 */
export function sampleToken(logits: ArrayLike<number>, uniform: number, options: SamplingOptions = {}): number {
  checkSampling(options);
  const { temperature = 1, topK = logits.length, topP = 1 } = options;
  const kept = likeliest(logits, temperature === 0 ? 1 : topK);
  if (temperature === 0) return kept[0] as number;
  const highest = logits[kept[0] as number] as number;
  const weights = kept.map((id) => Math.exp(((logits[id] as number) - highest) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let count = 0;
  let mass = 0;
  while (count < kept.length && (count === 0 || mass < topP * total)) mass += weights[count++] as number;
  let rest = uniform * mass;
  for (let i = 0; i < count; i++) {
    rest -= weights[i] as number;
    if (rest < 0) return kept[i] as number;
  }
  return kept[count - 1] as number;
}

/** The `count` largest logits, largest first. Sorting numbers is much faster than sorting ids by them, so few ids are left to sort. */
function likeliest(logits: ArrayLike<number>, count: number): number[] {
  const least = count < logits.length ? Float64Array.from(logits).sort()[logits.length - count] : undefined;
  const ids: number[] = [];
  for (let id = 0; id < logits.length; id++) if (least === undefined || !((logits[id] as number) < least)) ids.push(id);
  return ids.sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b).slice(0, count);
}

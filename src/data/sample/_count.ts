/** Checks of the arguments that all samplers have. */

import { explain } from "../../base/errors.ts";

/** Throws unless `value` is an integer in [least, most]. */
export function checkCount(api: string, what: string, value: number, least: number, most: number = 2 ** 53 - 1): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  const rule =
    most === 2 ** 53 - 1 ? `must be an integer of at least ${least}` : `must be an integer in [${least}, ${most}]`;
  throw new RangeError(explain({ api, action: `use ${what}`, received: `got ${value}`, rule }));
}

/** Throws unless every weight is a non-negative number and some are positive; returns their sum. */
export function checkWeights(api: string, weights: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i] as number;
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY))
      throw new RangeError(
        explain({
          api,
          action: "use weights",
          received: `number ${i} is ${weight}`,
          rule: "must be finite and not negative",
        }),
      );
    sum += weight;
  }
  if (!(sum > 0 && sum < Number.POSITIVE_INFINITY))
    throw new RangeError(
      explain({
        api,
        action: "use weights",
        received: `they sum to ${sum}`,
        rule: "some must be positive, and the sum finite",
      }),
    );
  return sum;
}

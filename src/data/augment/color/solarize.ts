import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { mapValues } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly threshold: Distribution;
}

interface Params {
  readonly threshold: number;
}

/**
 * Inverts the values from a threshold on, a fraction of the range.
 *
 * @source torchvision 0.29, `solarize`, https://docs.pytorch.org/vision; byte-equal. Differs: a fraction instead of a level.
 */
export const Solarize: Transform<Config, Params> = {
  name: "Solarize",
  version: 1,
  config: z.strictObject({ threshold: real({ min: 0, max: 1 }).default([0.4, 0.9]) }),
  sample: ({ threshold }, draw) => ({ threshold: drawReal(threshold, draw) }),
  effect: {
    kind: "pixels",
    apply: (image, { threshold }) =>
      mapValues(image, (value, limit) => (value / limit >= threshold ? limit - value : value)),
  },
};

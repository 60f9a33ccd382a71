import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { mapValues } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly gain: Distribution;
  readonly cutoff: Distribution;
}

interface Params {
  readonly gain: number;
  readonly cutoff: number;
}

/**
 * An S-shaped curve over values in [0, 1]: `1 / (1 + exp(gain · (cutoff − value)))`. It does not reach black and white.
 *
 * @source van der Walt et al., scikit-image 0.26, `exposure.adjust_sigmoid`, https://scikit-image.org.
 */
export const SigmoidContrast: Transform<Config, Params> = {
  name: "SigmoidContrast",
  version: 1,
  config: z.strictObject({
    gain: real({ min: 0 }).default([4, 10]),
    cutoff: real({ min: 0, max: 1 }).default([0.4, 0.6]),
  }),
  sample: ({ gain, cutoff }, draw) => ({ gain: drawReal(gain, draw), cutoff: drawReal(cutoff, draw) }),
  effect: {
    kind: "pixels",
    apply: (image, { gain, cutoff }) =>
      mapValues(image, (value, limit) => limit / (1 + Math.exp(gain * (cutoff - value / limit)))),
  },
};

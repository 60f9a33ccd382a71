import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { mapValues } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly gain: Distribution;
}

interface Params {
  readonly gain: number;
}

/**
 * Logarithmic correction of values in [0, 1]: `gain · log2(1 + value)`. It lightens most what is in the middle.
 *
 * @source van der Walt et al., scikit-image 0.26, `exposure.adjust_log`, https://scikit-image.org.
 */
export const LogContrast: Transform<Config, Params> = {
  name: "LogContrast",
  version: 1,
  config: z.strictObject({ gain: real({ min: 0 }).default([0.8, 1.2]) }),
  sample: ({ gain }, draw) => ({ gain: drawReal(gain, draw) }),
  effect: {
    kind: "pixels",
    apply: (image, { gain }) => mapValues(image, (value, limit) => gain * Math.log2(1 + value / limit) * limit),
  },
};

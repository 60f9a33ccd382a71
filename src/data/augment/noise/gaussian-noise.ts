import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { drawNoise, type NoiseParams, perChannel, withNoise } from "./_noisy.ts";

interface Config {
  readonly deviation: Distribution;
  readonly perChannel: boolean;
}

interface Params extends NoiseParams {
  readonly deviation: number;
}

/** Adds independent normal variates to all values; `deviation` is a fraction of the range. The noise of a camera's electronics. */
export const GaussianNoise: Transform<Config, Params> = {
  name: "GaussianNoise",
  version: 1,
  config: z.strictObject({ deviation: real({ min: 0, max: 10 }).default([0.02, 0.1]), perChannel }),
  sample: (config, draw) => ({ deviation: drawReal(config.deviation, draw), ...drawNoise(config, draw) }),
  effect: {
    kind: "pixels",
    apply: (image, params) => withNoise(image, "normals", params.deviation, params),
  },
};

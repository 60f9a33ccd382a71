import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { drawNoise, type NoiseParams, perChannel, withNoise } from "./_noisy.ts";

interface Config {
  readonly scale: Distribution;
  readonly perChannel: boolean;
}

interface Params extends NoiseParams {
  readonly scale: number;
}

/** Adds Laplace variates of `scale` (a fraction of the range; their deviation is √2 times that): like Gaussian noise, with more outliers. */
export const LaplaceNoise: Transform<Config, Params> = {
  name: "LaplaceNoise",
  version: 1,
  config: z.strictObject({ scale: real({ min: 0, max: 10 }).default([0.01, 0.06]), perChannel }),
  sample: (config, draw) => ({ scale: drawReal(config.scale, draw), ...drawNoise(config, draw) }),
  effect: {
    kind: "pixels",
    apply: (image, params) => withNoise(image, "laplaces", params.scale, params),
  },
};

import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { drawNoise, mapWithNoise, type NoiseParams, perChannel, sizeOfNoise } from "./_noisy.ts";
import { normalField } from "./field.ts";

interface Config {
  readonly deviation: Distribution;
  readonly perChannel: boolean;
}

interface Params extends NoiseParams {
  readonly deviation: number;
}

/** Multiplies every value by `1 + deviation · normal variate`: the noise of radar and ultrasound. Black stays black. */
export const SpeckleNoise: Transform<Config, Params> = {
  name: "SpeckleNoise",
  version: 1,
  config: z.strictObject({ deviation: real({ min: 0, max: 10 }).default([0.05, 0.3]), perChannel }),
  sample: (config, draw) => ({ deviation: drawReal(config.deviation, draw), ...drawNoise(config, draw) }),
  effect: {
    kind: "pixels",
    apply(image, params) {
      const field = normalField(params.seed, sizeOfNoise(image, params.perChannel));
      return mapWithNoise(image, field, (value, noise) => value * (1 + noise * params.deviation));
    },
  },
};

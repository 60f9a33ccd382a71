import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { drawNoise, type NoiseParams, perChannel, replaceBelow, sizeOfNoise } from "./_noisy.ts";
import { uniformField } from "./field.ts";

interface Config {
  readonly fraction: Distribution;
  readonly perChannel: boolean;
}

interface Params extends NoiseParams {
  readonly fraction: number;
}

/** Replaces a fraction of the values by uniformly random ones: impulse noise of random value. */
export const ImpulseNoise: Transform<Config, Params> = {
  name: "ImpulseNoise",
  version: 1,
  config: z.strictObject({ fraction: real({ min: 0, max: 1 }).default([0.01, 0.1]), perChannel }),
  sample: (config, draw) => ({ fraction: drawReal(config.fraction, draw), ...drawNoise(config, draw) }),
  effect: {
    kind: "pixels",
    apply(image, params) {
      const count = sizeOfNoise(image, params.perChannel);
      const values = uniformField(params.seed, count, 1);
      const field = uniformField(params.seed, count);
      return replaceBelow(image, field, params.fraction, (_, index) => values[index] as number);
    },
  },
};

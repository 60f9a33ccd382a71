import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { drawNoise, type NoiseParams, replaceBelow, sizeOfNoise } from "./_noisy.ts";
import { uniformField } from "./field.ts";

interface Config {
  readonly fraction: Distribution;
  readonly salt: number;
  readonly perChannel: boolean;
}

interface Params extends NoiseParams {
  readonly fraction: number;
  readonly salt: number;
}

/** Makes a fraction of the pixels white or black; `salt` is the share of white ones among them. */
export const SaltAndPepper: Transform<Config, Params> = {
  name: "SaltAndPepper",
  version: 1,
  config: z.strictObject({
    fraction: real({ min: 0, max: 1 }).default([0.01, 0.06]),
    salt: z.number().min(0).max(1).default(0.5),
    perChannel: z.boolean().default(false),
  }),
  sample: (config, draw) => ({
    fraction: drawReal(config.fraction, draw),
    salt: config.salt,
    ...drawNoise(config, draw),
  }),
  effect: {
    kind: "pixels",
    apply(image, params) {
      const field = uniformField(params.seed, sizeOfNoise(image, params.perChannel));
      const white = params.fraction * params.salt;
      return replaceBelow(image, field, params.fraction, (uniform) => (uniform < white ? 1 : 0));
    },
  },
};

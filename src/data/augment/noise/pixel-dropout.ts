import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { drawNoise, type NoiseParams, replaceBelow, sizeOfNoise } from "./_noisy.ts";
import { uniformField } from "./field.ts";

interface Config {
  readonly fraction: Distribution;
  readonly fill: number;
  readonly perChannel: boolean;
}

interface Params extends NoiseParams {
  readonly fraction: number;
  readonly fill: number;
}

/**
 * Sets a fraction of the pixels to a value (`fill`, a fraction of the range). Unlike dropout in a network it does not scale the rest.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `Dropout`.
 */
export const PixelDropout: Transform<Config, Params> = {
  name: "PixelDropout",
  version: 1,
  config: z.strictObject({
    fraction: real({ min: 0, max: 1 }).default([0.01, 0.1]),
    fill: z.number().min(0).max(1).default(0),
    perChannel: z.boolean().default(false),
  }),
  sample: (config, draw) => ({
    fraction: drawReal(config.fraction, draw),
    fill: config.fill,
    ...drawNoise(config, draw),
  }),
  effect: {
    kind: "pixels",
    apply(image, params) {
      const field = uniformField(params.seed, sizeOfNoise(image, params.perChannel));
      return replaceBelow(image, field, params.fraction, () => params.fill);
    },
  },
};

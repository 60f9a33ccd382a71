import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Resample, Transform } from "../transform.ts";
import { type AffineParams, affineEffect, neutral } from "./_affine.ts";
import { resampleOf, resampleOptions } from "./_options.ts";

interface Config extends Resample {
  /** [degrees], clockwise on screen. @defaultValue [-30, 30] */
  readonly degrees: Distribution;
  /** Whether the output is made large enough to hold all of the input. @defaultValue false */
  readonly fitOutput: boolean;
}

/**
 * Turns about the centre of the image.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `Rotate`.
 */
export const Rotate: Transform<Config, AffineParams> = {
  name: "Rotate",
  version: 1,
  config: z.strictObject({
    degrees: real().default([-30, 30]),
    fitOutput: z.boolean().default(false),
    ...resampleOptions,
  }),
  sample: (config, draw) => ({
    ...neutral,
    rotate: drawReal(config.degrees, draw),
    fitOutput: config.fitOutput,
    ...resampleOf(config),
  }),
  effect: affineEffect,
};

import { z } from "zod";
import { real } from "../distribution.ts";
import type { Resample, Transform } from "../transform.ts";
import { type AffineParams, affineEffect, neutral } from "./_affine.ts";
import { drawPerAxis, type PerAxis, perAxis, resampleOf, resampleOptions } from "./_options.ts";

interface Config extends Resample {
  /** Factor; one value serves both axes, `{ x, y }` are drawn apart. @defaultValue [0.8, 1.2] */
  readonly factor: PerAxis;
}

/**
 * Enlarges or shrinks what the image shows, about its centre; the image keeps its size.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `ScaleX` and `ScaleY`.
 */
export const Scale: Transform<Config, AffineParams> = {
  name: "Scale",
  version: 1,
  config: z.strictObject({ factor: perAxis(real({ min: 1e-3 })).default([0.8, 1.2]), ...resampleOptions }),
  sample(config, draw) {
    const [scaleX, scaleY] = drawPerAxis(config.factor, draw, 1);
    return { ...neutral, scaleX, scaleY, ...resampleOf(config) };
  },
  effect: affineEffect,
};

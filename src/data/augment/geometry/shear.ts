import { z } from "zod";
import { real } from "../distribution.ts";
import type { Resample, Transform } from "../transform.ts";
import { type AffineParams, affineEffect, neutral } from "./_affine.ts";
import { drawPerAxis, type PerAxis, perAxis, resampleOf, resampleOptions } from "./_options.ts";

interface Config extends Resample {
  /** [degrees] along each axis; one value serves both. @defaultValue { x: [-20, 20] } */
  readonly degrees: PerAxis;
}

/**
 * Shears about the centre of the image.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `ShearX` and `ShearY`.
 */
export const Shear: Transform<Config, AffineParams> = {
  name: "Shear",
  version: 1,
  config: z.strictObject({
    degrees: perAxis(real({ min: -89, max: 89 })).default({ x: [-20, 20] }),
    ...resampleOptions,
  }),
  sample(config, draw) {
    const [shearX, shearY] = drawPerAxis(config.degrees, draw, 0);
    return { ...neutral, shearX, shearY, ...resampleOf(config) };
  },
  effect: affineEffect,
};

import { z } from "zod";
import { convolve } from "../convolve.ts";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";

interface Config {
  /** How much of the filtered image there is, [0, 1]. @defaultValue [0, 1] */
  readonly alpha: Distribution;
}

interface Params {
  readonly alpha: number;
}

/**
 * Shows edges bright on black (the Laplacian), mixed with the image as it was.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `EdgeDetect`.
 */
export const EdgeDetect: Transform<Config, Params> = {
  name: "EdgeDetect",
  version: 1,
  config: z.strictObject({ alpha: real({ min: 0, max: 1 }).default([0, 1]) }),
  sample: (config, draw) => ({ alpha: drawReal(config.alpha, draw) }),
  effect: {
    kind: "pixels",
    apply(image, { alpha }) {
      const effect = [0, 1, 0, 1, -4, 1, 0, 1, 0];
      // The unchanged image is a filter too: mixing the two filters mixes the images.
      const weights = Float32Array.from(effect, (weight, i) => alpha * weight + (i === 4 ? 1 - alpha : 0));
      return convolve(image, { weights, width: 3, height: 3 });
    },
  },
};

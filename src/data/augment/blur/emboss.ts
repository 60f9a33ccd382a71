import { z } from "zod";
import { convolve } from "../convolve.ts";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";

interface Config {
  /** How much of the filtered image there is, [0, 1]. @defaultValue [0, 1] */
  readonly alpha: Distribution;
  /** Depth [0, 4]. @defaultValue [0, 1] */
  readonly strength: Distribution;
}

interface Params {
  readonly alpha: number;
  readonly strength: number;
}

/**
 * Makes the image look pressed from metal, mixed with the image as it was.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `Emboss`.
 */
export const Emboss: Transform<Config, Params> = {
  name: "Emboss",
  version: 1,
  config: z.strictObject({
    alpha: real({ min: 0, max: 1 }).default([0, 1]),
    strength: real({ min: 0, max: 4 }).default([0, 1]),
  }),
  sample: (config, draw) => ({ alpha: drawReal(config.alpha, draw), strength: drawReal(config.strength, draw) }),
  effect: {
    kind: "pixels",
    apply(image, { alpha, strength: s }) {
      const effect = [-1 - s, -s, 0, -s, 1, s, 0, s, 1 + s];
      // The unchanged image is a filter too: mixing the two filters mixes the images.
      const weights = Float32Array.from(effect, (weight, i) => alpha * weight + (i === 4 ? 1 - alpha : 0));
      return convolve(image, { weights, width: 3, height: 3 });
    },
  },
};

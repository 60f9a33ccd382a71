import { z } from "zod";
import { convolve } from "../convolve.ts";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";

interface Config {
  /** How much of the filtered image there is, [0, 1]. @defaultValue [0, 1] */
  readonly alpha: Distribution;
  /** Weight of the middle beyond 8: 1 keeps the brightness [0, 4]. @defaultValue 1 */
  readonly lightness: Distribution;
}

interface Params {
  readonly alpha: number;
  readonly lightness: number;
}

/**
 * Strengthens edges, mixed with the image as it was.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `Sharpen`.
 */
export const Sharpen: Transform<Config, Params> = {
  name: "Sharpen",
  version: 1,
  config: z.strictObject({
    alpha: real({ min: 0, max: 1 }).default([0, 1]),
    lightness: real({ min: 0, max: 4 }).default(1),
  }),
  sample: (config, draw) => ({ alpha: drawReal(config.alpha, draw), lightness: drawReal(config.lightness, draw) }),
  effect: {
    kind: "pixels",
    apply(image, { alpha, lightness }) {
      const effect = [-1, -1, -1, -1, 8 + lightness, -1, -1, -1, -1];
      // The unchanged image is a filter too: mixing the two filters mixes the images.
      const weights = Float32Array.from(effect, (weight, i) => alpha * weight + (i === 4 ? 1 - alpha : 0));
      return convolve(image, { weights, width: 3, height: 3 });
    },
  },
};

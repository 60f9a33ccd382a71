import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { blendOver } from "../pixels.ts";
import type { Transform } from "../transform.ts";
import { fractalField, smoothStep } from "./fractal.ts";

interface Config {
  readonly amount: Distribution;
  readonly opacity: Distribution;
}

interface Params {
  readonly amount: number;
  readonly opacity: number;
  readonly seed: number;
}

/**
 * Lays clouds with clear sky between them over the image, as seen from above: `amount` is about the covered fraction, `opacity` that of
 * their middle. Meant for aerial images.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `Clouds`: the idea; the noise is ours.
 */
export const Clouds: Transform<Config, Params> = {
  name: "Clouds",
  version: 1,
  config: z.strictObject({
    amount: real({ min: 0, max: 1 }).default([0.3, 0.6]),
    opacity: real({ min: 0, max: 1 }).default([0.7, 1]),
  }),
  sample: ({ amount, opacity }, draw) => ({
    amount: drawReal(amount, draw),
    opacity: drawReal(opacity, draw),
    seed: draw.seed(),
  }),
  effect: {
    kind: "pixels",
    apply(image, { amount, opacity, seed }) {
      const { width, height } = image;
      const cell = Math.max(width, height) / 2.5;
      const field = fractalField(seed, width, height, { cell, octaves: 6, persistence: 0.55 });
      // Values crowd about 1/2: a covered half lies above it.
      const edge = 0.72 - 0.44 * amount;
      const cover = field.map((value) => opacity * smoothStep(edge - 0.06, edge + 0.1, value));
      return blendOver(image, cover, [0.97, 0.97, 0.98]);
    },
  },
};

import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { blendOver } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly strength: Distribution;
}

interface Params {
  readonly strength: number;
}

/**
 * Darkens towards the corners, where a fraction `strength` of the light is lost: the natural fall-off of a lens, the fourth power of the
 * cosine of the angle, stretched to that amount.
 */
export const Vignette: Transform<Config, Params> = {
  name: "Vignette",
  version: 1,
  config: z.strictObject({ strength: real({ min: 0, max: 1 }).default([0.3, 0.8]) }),
  sample: ({ strength }, draw) => ({ strength: drawReal(strength, draw) }),
  effect: {
    kind: "pixels",
    apply(image, { strength }) {
      const { width, height } = image;
      const corner = width ** 2 + height ** 2;
      const cover = new Float32Array(width * height);
      for (let y = 0, i = 0; y < height; y++)
        for (let x = 0; x < width; x++, i++) {
          // The corner is at 45 degrees, where the fourth power of the cosine is 1/4.
          const tangent = ((2 * x + 1 - width) ** 2 + (2 * y + 1 - height) ** 2) / corner;
          cover[i] = (strength * (1 - 1 / ((1 + tangent) * (1 + tangent)))) / 0.75;
        }
      return blendOver(image, cover, [0]);
    },
  },
};

import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { mapColors, requireColor } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly amount: Distribution;
}

interface Params {
  readonly amount: number;
}

/**
 * The brown of old photographs: a matrix of colours, in part with `amount` below 1. RGB and RGBA only.
 *
 * @source W3C, Filter Effects Module Level 1, `sepia()`, https://www.w3.org/TR/filter-effects-1/: the same matrix, rounded.
 */
export const Sepia: Transform<Config, Params> = {
  name: "Sepia",
  version: 1,
  config: z.strictObject({ amount: real({ min: 0, max: 1 }).default([0.5, 1]) }),
  sample: ({ amount }, draw) => ({ amount: drawReal(amount, draw) }),
  effect: {
    kind: "pixels",
    apply(image, { amount }) {
      requireColor("Sepia", image);
      return mapColors(image, (red, green, blue, out) => {
        out[0] = red + amount * (0.393 * red + 0.769 * green + 0.189 * blue - red);
        out[1] = green + amount * (0.349 * red + 0.686 * green + 0.168 * blue - green);
        out[2] = blue + amount * (0.272 * red + 0.534 * green + 0.131 * blue - blue);
      });
    },
  },
};

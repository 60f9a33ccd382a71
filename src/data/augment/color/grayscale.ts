import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { limitOf, mapColors, requireColor } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly amount: Distribution;
}

interface Params {
  readonly amount: number;
}

/**
 * Takes the colour away, wholly or in part (`amount` below 1), and keeps the number of channels. RGB and RGBA only.
 *
 * @source Clark et al., Pillow, `Image.convert("L")`, https://pillow.readthedocs.io: BT.601 in 16-bit fixed point; with amount 1,
 * byte-equal for 8-bit images.
 */
export const Grayscale: Transform<Config, Params> = {
  name: "Grayscale",
  version: 1,
  config: z.strictObject({ amount: real({ min: 0, max: 1 }).default(1) }),
  sample: ({ amount }, draw) => ({ amount: drawReal(amount, draw) }),
  effect: {
    kind: "pixels",
    apply(image, { amount }) {
      requireColor("Grayscale", image);
      const isFloat = limitOf(image) === 1;
      return mapColors(image, (red, green, blue, out) => {
        const weighted = (red * 19595 + green * 38470 + blue * 7471) / 65536;
        const grey = isFloat ? weighted : Math.floor(weighted + 0.5);
        out[0] = red + amount * (grey - red);
        out[1] = green + amount * (grey - green);
        out[2] = blue + amount * (grey - blue);
      });
    },
  },
};

import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { mapValues, requireColor } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly red: Distribution;
  readonly green: Distribution;
  readonly blue: Distribution;
}

interface Params {
  readonly shifts: readonly [red: number, green: number, blue: number];
}

/** Adds to red, green and blue a number of its own each, fractions of the range. RGB and RGBA only. */
export const RgbShift: Transform<Config, Params> = {
  name: "RgbShift",
  version: 1,
  config: z.strictObject({
    red: real({ min: -1, max: 1 }).default([-0.1, 0.1]),
    green: real({ min: -1, max: 1 }).default([-0.1, 0.1]),
    blue: real({ min: -1, max: 1 }).default([-0.1, 0.1]),
  }),
  sample: ({ red, green, blue }, draw) => ({
    shifts: [drawReal(red, draw), drawReal(green, draw), drawReal(blue, draw)],
  }),
  effect: {
    kind: "pixels",
    apply(image, { shifts }) {
      requireColor("RgbShift", image);
      return mapValues(image, (value, limit, channel) => value + (shifts[channel] as number) * limit);
    },
  },
};

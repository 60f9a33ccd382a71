import { z } from "zod";
import { type Distribution, drawWhole, whole } from "../distribution.ts";
import { mapValues } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly levels: Distribution;
}

interface Params {
  readonly levels: number;
}

/**
 * Leaves each channel `levels` evenly spaced values; each stands in the middle of those it replaces.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `UniformColorQuantization`.
 */
export const UniformQuantization: Transform<Config, Params> = {
  name: "UniformQuantization",
  version: 1,
  config: z.strictObject({ levels: whole({ min: 2, max: 256 }).default([3, 8]) }),
  sample: ({ levels }, draw) => ({ levels: drawWhole(levels, draw) }),
  effect: {
    kind: "pixels",
    apply: (image, { levels }) =>
      mapValues(
        image,
        (value, limit) => {
          const size = (limit === 1 ? 1 : limit + 1) / levels;
          return (Math.min(Math.floor(value / size), levels - 1) + 0.5) * size;
        },
        "down",
      ),
  },
};

import { z } from "zod";
import { type Distribution, drawWhole, whole } from "../distribution.ts";
import { mean } from "../mean.ts";
import type { Transform } from "../transform.ts";
import { odd } from "./_odd.ts";

interface Config {
  /** Side of the square [pixels]; an even one becomes the next odd one. @defaultValue [1, 7] */
  readonly size: Distribution;
}

interface Params {
  /** Odd. */
  readonly size: number;
}

/**
 * Replaces each value by the mean of a square around it.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `AverageBlur`. Differs: sides are odd.
 */
export const AverageBlur: Transform<Config, Params> = {
  name: "AverageBlur",
  version: 1,
  config: z.strictObject({ size: whole({ min: 1, max: 99 }).default([1, 7]) }),
  sample: ({ size }, draw) => ({ size: odd(drawWhole(size, draw)) }),
  effect: {
    kind: "pixels",
    apply: (image, { size }) => (size === 1 ? image : mean(image, size)),
  },
};

import { z } from "zod";
import { type Distribution, drawWhole, whole } from "../distribution.ts";
import { median } from "../median.ts";
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
 * Replaces each value by the median of a square around it, with the edge repeated: takes out specks and keeps edges.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `MedianBlur`.
 */
export const MedianBlur: Transform<Config, Params> = {
  name: "MedianBlur",
  version: 1,
  config: z.strictObject({ size: whole({ min: 1, max: 31 }).default([1, 7]) }),
  sample: ({ size }, draw) => ({ size: odd(drawWhole(size, draw)) }),
  effect: { kind: "pixels", apply: (image, { size }) => (size === 1 ? image : median(image, size)) },
};

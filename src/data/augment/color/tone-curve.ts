import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { mapValues } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly shift: Distribution;
}

interface Params {
  readonly low: number;
  readonly high: number;
}

/** The y of a cubic Bézier curve from (0, 0) to (1, 1) whose inner points are at thirds, so that x is its parameter. */
function curve(x: number, low: number, high: number): number {
  const rest = 1 - x;
  return 3 * rest * rest * x * low + 3 * rest * x * x * high + x * x * x;
}

/**
 * Bends the tone curve: a cubic Bézier whose two inner points move up or down by `shift` (fractions of the range) each.
 *
 * @source Afifi and Brown, "What Else Can Fool Deep Learning?", 2019, https://arxiv.org/abs/1912.06960: imitates the tone curves of
 * cameras. Differs: a Bézier curve in place of measured ones, as albumentations has it.
 */
export const ToneCurve: Transform<Config, Params> = {
  name: "ToneCurve",
  version: 1,
  config: z.strictObject({ shift: real({ min: -1, max: 1 }).default([-0.25, 0.25]) }),
  sample: ({ shift }, draw) => ({ low: 1 / 3 + drawReal(shift, draw), high: 2 / 3 + drawReal(shift, draw) }),
  effect: {
    kind: "pixels",
    apply: (image, { low, high }) => mapValues(image, (value, limit) => curve(value / limit, low, high) * limit),
  },
};

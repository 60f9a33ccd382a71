import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { adjustContrast } from "./adjust.ts";

interface Config {
  readonly factor: Distribution;
}

interface Params {
  readonly factor: number;
}

/**
 * Moves every value away from the image's mean grey (factor above 1), or towards it: 0 is a grey image, 1 changes nothing.
 *
 * @source torchvision 0.29, `adjust_contrast`, https://docs.pytorch.org/vision; byte-equal.
 */
export const Contrast: Transform<Config, Params> = {
  name: "Contrast",
  version: 1,
  config: z.strictObject({ factor: real({ min: 0 }).default([0.7, 1.3]) }),
  sample: (config, draw) => ({ factor: drawReal(config.factor, draw) }),
  effect: { kind: "pixels", apply: (image, { factor }) => adjustContrast(image, factor) },
};

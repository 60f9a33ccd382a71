import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { adjustSaturation } from "./adjust.ts";

interface Config {
  readonly factor: Distribution;
}

interface Params {
  readonly factor: number;
}

/**
 * Moves colours away from the grey of their pixel (factor above 1), or towards it: 0 is black and white, 1 changes nothing. Grey
 * images stay as they are.
 *
 * @source torchvision 0.29, `adjust_saturation`, https://docs.pytorch.org/vision; byte-equal. PIL calls it `Color`.
 */
export const Saturation: Transform<Config, Params> = {
  name: "Saturation",
  version: 1,
  config: z.strictObject({ factor: real({ min: 0 }).default([0.5, 1.5]) }),
  sample: (config, draw) => ({ factor: drawReal(config.factor, draw) }),
  effect: { kind: "pixels", apply: (image, { factor }) => adjustSaturation(image, factor) },
};

import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { adjustSharpness } from "./adjust.ts";

interface Config {
  readonly factor: Distribution;
}

interface Params {
  readonly factor: number;
}

/**
 * Sharpens (factor above 1) or softens: 0 is a light blur, 1 changes nothing. The outermost pixels stay as they are.
 *
 * @source torchvision 0.29, `adjust_sharpness`, https://docs.pytorch.org/vision; byte-equal for integers.
 */
export const Sharpness: Transform<Config, Params> = {
  name: "Sharpness",
  version: 1,
  config: z.strictObject({ factor: real({ min: 0 }).default([0.5, 1.5]) }),
  sample: (config, draw) => ({ factor: drawReal(config.factor, draw) }),
  effect: { kind: "pixels", apply: (image, { factor }) => adjustSharpness(image, factor) },
};

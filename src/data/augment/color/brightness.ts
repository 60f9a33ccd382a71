import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { adjustBrightness } from "./adjust.ts";

interface Config {
  readonly factor: Distribution;
}

interface Params {
  readonly factor: number;
}

/**
 * Multiplies by a factor and rounds down: 0 is black, 1 changes nothing.
 *
 * @source torchvision 0.29, `adjust_brightness`, https://docs.pytorch.org/vision; byte-equal.
 */
export const Brightness: Transform<Config, Params> = {
  name: "Brightness",
  version: 1,
  config: z.strictObject({ factor: real({ min: 0 }).default([0.7, 1.3]) }),
  sample: (config, draw) => ({ factor: drawReal(config.factor, draw) }),
  effect: { kind: "pixels", apply: (image, { factor }) => adjustBrightness(image, factor) },
};

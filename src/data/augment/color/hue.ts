import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { adjustHue } from "./adjust.ts";

interface Config {
  readonly turn: Distribution;
}

interface Params {
  readonly turn: number;
}

/**
 * Turns the hue by a fraction of the circle (0.5 makes complementary colours). Grey images stay as they are.
 *
 * @source torchvision 0.29, `adjust_hue`, https://docs.pytorch.org/vision; byte-equal.
 */
export const Hue: Transform<Config, Params> = {
  name: "Hue",
  version: 1,
  config: z.strictObject({ turn: real({ min: -0.5, max: 0.5 }).default([-0.05, 0.05]) }),
  sample: (config, draw) => ({ turn: drawReal(config.turn, draw) }),
  effect: { kind: "pixels", apply: (image, { turn }) => adjustHue(image, turn) },
};

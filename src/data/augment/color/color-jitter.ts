import { z } from "zod";
import type { Image } from "../../image.ts";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { shuffled } from "../shuffled.ts";
import type { Transform } from "../transform.ts";
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation } from "./adjust.ts";

type Adjustment = "brightness" | "contrast" | "saturation" | "hue";

const adjustments: Readonly<Record<Adjustment, (image: Image, amount: number) => Image>> = {
  brightness: adjustBrightness,
  contrast: adjustContrast,
  saturation: adjustSaturation,
  hue: adjustHue,
};

interface Config {
  readonly brightness: Distribution;
  readonly contrast: Distribution;
  readonly saturation: Distribution;
  readonly hue: Distribution;
}

interface Params {
  /** In the order in which they happen. */
  readonly steps: readonly (readonly [adjustment: Adjustment, amount: number])[];
}

/**
 * Brightness, contrast, saturation and hue, in a random order. The first three are factors, the hue a fraction of the circle.
 *
 * Differs from torchvision in how ranges are written: its `brightness=0.2` is `[0.8, 1.2]` here.
 *
 * @source torchvision 0.29, `ColorJitter`, https://docs.pytorch.org/vision; with the same steps, byte-equal.
 */
export const ColorJitter: Transform<Config, Params> = {
  name: "ColorJitter",
  version: 1,
  config: z.strictObject({
    brightness: real({ min: 0 }).default([0.8, 1.2]),
    contrast: real({ min: 0 }).default([0.8, 1.2]),
    saturation: real({ min: 0 }).default([0.8, 1.2]),
    hue: real({ min: -0.5, max: 0.5 }).default([-0.05, 0.05]),
  }),
  sample(config, draw) {
    const order = shuffled(Object.keys(adjustments) as Adjustment[], draw.child("order"));
    return { steps: order.map((name) => [name, drawReal(config[name], draw.child(name))] as const) };
  },
  effect: {
    kind: "pixels",
    apply: (image, { steps }) => steps.reduce((now, [name, amount]) => adjustments[name](now, amount), image),
  },
};

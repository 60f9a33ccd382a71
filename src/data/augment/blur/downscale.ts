import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { type ResizeInterpolation, resize } from "../resize.ts";
import type { Transform } from "../transform.ts";

interface Config {
  /** Factor of the size in between (0, 1]. @defaultValue [0.25, 0.5] */
  readonly scale: Distribution;
  /** How the image grows again. @defaultValue "nearest" */
  readonly interpolation: Exclude<ResizeInterpolation, "area">;
}

interface Params {
  readonly scale: number;
  readonly interpolation: ResizeInterpolation;
}

/**
 * Shrinks the image and enlarges it again: loses detail as a bad camera does.
 *
 * @source Buslaev et al., "Albumentations: Fast and Flexible Image Augmentations", 2020, https://arxiv.org/abs/1809.06839, `Downscale`.
 */
export const Downscale: Transform<Config, Params> = {
  name: "Downscale",
  version: 1,
  config: z.strictObject({
    scale: real({ min: 0.01, max: 1 }).default([0.25, 0.5]),
    interpolation: z.enum(["nearest", "linear", "cubic"]).default("nearest"),
  }),
  sample: ({ scale, interpolation }, draw) => ({ scale: drawReal(scale, draw), interpolation }),
  effect: {
    kind: "pixels",
    apply(image, { scale, interpolation }) {
      const [width, height] = [
        Math.max(1, Math.round(image.width * scale)),
        Math.max(1, Math.round(image.height * scale)),
      ];
      return resize(resize(image, width, height, "area"), image.width, image.height, interpolation);
    },
  },
};

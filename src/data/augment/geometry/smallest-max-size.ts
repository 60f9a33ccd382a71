import { z } from "zod";
import type { ResizeInterpolation } from "../resize.ts";
import type { Transform } from "../transform.ts";
import { resizeScene } from "./_resize-scene.ts";
import { resizeOption, type Size, scaledSize } from "./_size.ts";

interface Config {
  /** Of the shorter side [pixels]. */
  readonly size: number;
  /** @defaultValue "area" */
  readonly interpolation: ResizeInterpolation;
}

type Params = Size & Pick<Config, "interpolation">;

/**
 * Makes the shorter side a fixed length and keeps the shape of the image.
 *
 * @source Buslaev et al., "Albumentations: Fast and Flexible Image Augmentations", 2020, https://arxiv.org/abs/1809.06839, `SmallestMaxSize`.
 */
export const SmallestMaxSize: Transform<Config, Params> = {
  name: "SmallestMaxSize",
  version: 1,
  config: z.strictObject({ size: z.int().min(1), interpolation: resizeOption }),
  sample: ({ size, interpolation }, _, frame) => ({
    ...scaledSize(frame, size / Math.min(frame.width, frame.height)),
    interpolation,
  }),
  effect: {
    kind: "scene",
    apply: (scene, { width, height, interpolation }) => resizeScene(scene, width, height, interpolation),
  },
};

import { z } from "zod";
import type { ResizeInterpolation } from "../resize.ts";
import type { Transform } from "../transform.ts";
import { resizeScene } from "./_resize-scene.ts";
import { resizeOption } from "./_size.ts";

interface Config {
  /** [pixels] */
  readonly width: number;
  readonly height: number;
  /** @defaultValue "area" */
  readonly interpolation: ResizeInterpolation;
}

/**
 * Makes the image a fixed size, whatever its shape. `"area"` averages what a pixel covers when the image shrinks, and interpolates
 * linearly when it grows.
 *
 * @source Bradski, OpenCV 4, https://docs.opencv.org/4.x/da/d54/group__imgproc__transform.html, `resize`.
 */
export const Resize: Transform<Config, Config> = {
  name: "Resize",
  version: 1,
  config: z.strictObject({ width: z.int().min(1), height: z.int().min(1), interpolation: resizeOption }),
  sample: (config) => config,
  effect: {
    kind: "scene",
    apply: (scene, { width, height, interpolation }) => resizeScene(scene, width, height, interpolation),
  },
};

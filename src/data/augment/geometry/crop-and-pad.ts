import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Resample, Transform } from "../transform.ts";
import { borderOptions } from "./_options.ts";
import { resizeScene } from "./_resize-scene.ts";
import { throughWindow, type Window } from "./_window.ts";

interface Config extends Pick<Resample, "border" | "fill"> {
  /** Share added at each side, cut off where negative (-0.49, 1], drawn for each side. @defaultValue [-0.1, 0.1] */
  readonly percent: Distribution;
  /** Whether the image is brought back to its size. @defaultValue true */
  readonly keepSize: boolean;
}

interface Params extends Window, Pick<Resample, "border" | "fill"> {
  readonly keepSize: boolean;
}

/**
 * Cuts strips off some sides and adds them to others.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `CropAndPad`.
 */
export const CropAndPad: Transform<Config, Params> = {
  name: "CropAndPad",
  version: 1,
  config: z.strictObject({
    percent: real({ min: -0.49, max: 1 }).default([-0.1, 0.1]),
    keepSize: z.boolean().default(true),
    ...borderOptions,
  }),
  sample({ percent, ...config }, draw, { width, height }) {
    const strip = (length: number): number => Math.trunc(drawReal(percent, draw) * length);
    const [left, right, top, bottom] = [strip(width), strip(width), strip(height), strip(height)];
    return { x: 0 - left, y: 0 - top, width: width + left + right, height: height + top + bottom, ...config };
  },
  effect: {
    kind: "scene",
    apply(scene, params) {
      const { width, height } = scene.image;
      const seen = throughWindow(scene, params, params);
      return params.keepSize ? resizeScene(seen, width, height, "area") : seen;
    },
  },
};

import { z } from "zod";
import { withData } from "../pixels.ts";
import type { Scene, Transform } from "../transform.ts";
import { joinTargets, mixLabels, requireAlike, requirePlanes } from "./_blend.ts";
import { areaOf, copyPlanes, type Rectangle, targetsBeside, targetsOf, targetsWithin } from "./_rectangle.ts";
import { drawBeta } from "./beta.ts";

interface Config {
  readonly alpha: number;
  readonly minVisible: number;
}

interface Params {
  /** Whole pixels. */
  readonly rectangle: Rectangle;
  readonly minVisible: number;
}

function mixed(scene: Scene, other: Scene, { rectangle, minVisible }: Params): Scene {
  requireAlike("CutMix", scene.image, other.image);
  requirePlanes("CutMix", scene, other);
  const { width, height } = scene.image;
  const image = withData(scene.image, scene.image.data.slice());
  const planes = copyPlanes({ ...scene, image }, other, rectangle, [0, 0]);
  const weight = 1 - areaOf(rectangle) / (width * height);
  return {
    ...scene,
    image,
    ...planes,
    ...joinTargets([
      targetsBeside(targetsOf(scene), rectangle, minVisible),
      targetsWithin(targetsOf(other), rectangle, minVisible),
    ]),
    ...mixLabels("CutMix", [scene, other], [weight, 1 - weight]),
  };
}

/**
 * Replaces a rectangle by that of another sample; labels are weighted by the areas. The rectangle's area is one minus a beta variate of
 * `alpha`, its centre uniform; what would lie outside is cut off, and the weights go by what is left.
 *
 * Masks and heatmaps are cut alike (both scenes need as many). Boxes of the other sample are clipped; those of which less than `minVisible`
 * is seen are dropped, on both sides. Keypoints below the rectangle become invisible.
 *
 * @source Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features", 2019,
 * https://arxiv.org/abs/1905.04899.
 */
export const CutMix: Transform<Config, Params> = {
  name: "CutMix",
  version: 1,
  config: z.strictObject({
    alpha: z.number().positive().default(1),
    minVisible: z.number().min(0).max(1).default(0.3),
  }),
  sample({ alpha, minVisible }, draw, { width, height }) {
    const side = Math.sqrt(1 - drawBeta(alpha, draw)) / 2;
    const [x, y] = [draw.uniform(0, width), draw.uniform(0, height)];
    const within = (value: number, limit: number): number => Math.min(Math.max(Math.round(value), 0), limit);
    const rectangle = {
      x1: within(x - side * width, width),
      y1: within(y - side * height, height),
      x2: within(x + side * width, width),
      y2: within(y + side * height, height),
    };
    return { rectangle, minVisible };
  },
  effect: { kind: "mix", others: () => 1, apply: (scene, others, params) => mixed(scene, others[0] as Scene, params) },
};

import { z } from "zod";
import type { Scene, Transform } from "../transform.ts";
import { blendImages, joinTargets, mixLabels, requireAlike } from "./_blend.ts";
import { targetsOf } from "./_rectangle.ts";
import { drawBeta } from "./beta.ts";

interface Config {
  readonly alpha: number;
}

interface Params {
  readonly weight: number;
}

function mixed(scene: Scene, other: Scene, weight: number): Scene {
  requireAlike("MixUp", scene.image, other.image);
  const own = weight >= 0.5 ? scene : other;
  return {
    ...scene,
    image: blendImages(scene.image, other.image, weight),
    ...(own.masks && { masks: own.masks }),
    ...(own.heatmaps && { heatmaps: own.heatmaps }),
    ...joinTargets([targetsOf(scene), targetsOf(other)]),
    ...mixLabels("MixUp", [scene, other], [weight, 1 - weight]),
  };
}

/**
 * Blends the image and its label with those of another sample; the weight is a beta variate of `alpha`. Boxes, keypoints and paths of both
 * are kept; of masks and heatmaps, which cannot be blended, those of the heavier sample.
 *
 * @source Zhang, Cisse, Dauphin and Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", 2018, https://arxiv.org/abs/1710.09412.
 */
export const MixUp: Transform<Config, Params> = {
  name: "MixUp",
  version: 1,
  config: z.strictObject({ alpha: z.number().positive().default(0.2) }),
  sample: ({ alpha }, draw) => ({ weight: drawBeta(alpha, draw) }),
  effect: {
    kind: "mix",
    others: () => 1,
    apply: (scene, others, { weight }) => mixed(scene, others[0] as Scene, weight),
  },
};

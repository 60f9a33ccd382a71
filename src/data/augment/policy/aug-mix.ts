import { z } from "zod";
import type { Image } from "../../image.ts";
import { drawDirichlet } from "../mix/beta.ts";
import { draftOf, settled } from "../pixels.ts";
import type { Transform } from "../transform.ts";
import {
  applyOperations,
  type Operation,
  operationAt,
  type PolicyOptions,
  policyOptions,
  spaceOf,
} from "./operation.ts";

interface Config extends PolicyOptions {
  readonly severity: number;
  readonly width: number;
  readonly depth: number | "random";
  readonly alpha: number;
  readonly adjusts: boolean;
}

interface Params extends PolicyOptions {
  /** Of the image itself, then of each chain; they add up to 1. */
  readonly weights: readonly number[];
  readonly chains: readonly (readonly Operation[])[];
}

function mixed(image: Image, { weights, chains, ...options }: Params): Image {
  const sum = new Float64Array(image.data).map((value) => value * (weights[0] as number));
  for (const [i, chain] of chains.entries()) {
    const { data } = applyOperations({ image }, chain, options).image;
    const weight = weights[i + 1] as number;
    for (let k = 0; k < sum.length; k++) (sum[k] as number) += weight * (data[k] as number);
  }
  const draft = draftOf(image);
  draft.set(sum);
  return settled(image, draft);
}

/**
 * Mixes the image with several differently augmented copies of itself: `width` chains of `depth` operations (1 to 3 when random), weights
 * from Dirichlet and beta variates of `alpha`. Copies may be turned and moved a little while boxes and masks stay: for classification. The paper
 * leaves out brightness, contrast, colour and sharpness, which its benchmark tests (`adjusts`).
 *
 * @source Hendrycks et al., "AugMix: A Simple Data Processing Method to Improve Robustness and Uncertainty", 2020,
 * https://arxiv.org/abs/1912.02781, algorithm 1. Operations and strengths are those of torchvision 0.29; the mixture is rounded to the nearest.
 */
export const AugMix: Transform<Config, Params> = {
  name: "AugMix",
  version: 1,
  config: z.strictObject({
    severity: z.int().min(1).max(10).default(3),
    width: z.int().min(1).max(32).default(3),
    depth: z.union([z.int().min(1).max(32), z.literal("random")]).default("random"),
    alpha: z.number().positive().default(1),
    adjusts: z.boolean().default(false),
    ...policyOptions,
    interpolation: z.enum(["nearest", "linear"]).default("linear"),
  }),
  sample({ severity, width, depth, alpha, adjusts, interpolation, fill }, draw, frame) {
    const translate = [frame.width / 3, frame.height / 3] as const;
    const adjust = adjusts ? 0.9 : undefined;
    const space = spaceOf({ shear: 0.3, translate, rotate: 30, adjust, posterize: [4, 0] }, 10);
    const names = [...space.keys()];
    const chains = Array.from({ length: width }, (_, i) => {
      const own = draw.child(`chain-${i}`);
      const length = depth === "random" ? own.integer(1, 3) : depth;
      return Array.from({ length }, () => operationAt(space, own.pick(names), own.integer(0, severity - 1), own));
    });
    const [own, augmented] = drawDirichlet(alpha, 2, draw.child("share")) as [number, number];
    const weights = drawDirichlet(alpha, width, draw.child("weights")).map((weight) => weight * augmented);
    return { weights: [own, ...weights], chains, interpolation, fill };
  },
  effect: { kind: "pixels", apply: mixed },
};

import { z } from "zod";
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
  readonly count: number;
  readonly magnitude: number;
  readonly levels: number;
}

interface Params extends PolicyOptions {
  readonly operations: readonly Operation[];
}

/**
 * Applies `count` operations out of fourteen, each with the same strength `magnitude` of `levels` levels. Boxes and all else move along.
 *
 *
 * @source Cubuk, Zoph, Shlens and Le, "RandAugment: Practical Automated Data Augmentation with a Reduced Search Space", 2020,
 * https://arxiv.org/abs/1909.13719. Operations and strengths are those of torchvision 0.29.
 */
export const RandAugment: Transform<Config, Params> = {
  name: "RandAugment",
  version: 1,
  config: z
    .strictObject({
      count: z.int().min(0).max(100).default(2),
      magnitude: z.int().min(0).default(9),
      levels: z.int().min(2).max(1000).default(31),
      ...policyOptions,
    })
    .refine(({ magnitude, levels }) => magnitude < levels, { path: ["magnitude"], error: "must be below levels" }),
  sample({ count, magnitude, levels, interpolation, fill }, draw, { width, height }) {
    const translate = [(150 / 331) * width, (150 / 331) * height] as const;
    const space = spaceOf({ shear: 0.3, translate, rotate: 30, adjust: 0.9, posterize: [8, 4] }, levels);
    space.set("Identity", { magnitudes: [0], isSigned: false });
    const operations = Array.from({ length: count }, () =>
      operationAt(space, draw.pick([...space.keys()]), magnitude, draw),
    );
    return { operations, interpolation, fill };
  },
  effect: { kind: "scene", apply: (scene, { operations, ...options }) => applyOperations(scene, operations, options) },
};

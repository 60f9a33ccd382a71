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
  readonly levels: number;
}

interface Params extends PolicyOptions {
  readonly operation: Operation;
}

/**
 * Applies one operation of fourteen with a random strength: nothing to tune. This is the paper's wide space, which translates by up to 32
 * pixels whatever the size.
 *
 * @source Müller and Hutter, "TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation", 2021, https://arxiv.org/abs/2103.10158.
 * Operations and strengths are those of torchvision 0.29.
 */
export const TrivialAugment: Transform<Config, Params> = {
  name: "TrivialAugment",
  version: 1,
  config: z.strictObject({ levels: z.int().min(2).max(1000).default(31), ...policyOptions }),
  sample({ levels, interpolation, fill }, draw) {
    const space = spaceOf({ shear: 0.99, translate: [32, 32], rotate: 135, adjust: 0.99, posterize: [8, 2] }, levels);
    space.set("Identity", { magnitudes: [0], isSigned: false });
    const name = draw.pick([...space.keys()]);
    return { operation: operationAt(space, name, draw.integer(0, levels - 1), draw), interpolation, fill };
  },
  effect: { kind: "scene", apply: (scene, { operation, ...options }) => applyOperations(scene, [operation], options) },
};

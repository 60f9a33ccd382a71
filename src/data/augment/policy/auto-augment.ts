import { z } from "zod";
import type { Transform } from "../transform.ts";
import { autoAugmentPolicies } from "./auto-augment-policies.ts";
import {
  applyOperations,
  type Operation,
  type OperationName,
  operationAt,
  type PolicyOptions,
  policyOptions,
  spaceOf,
} from "./operation.ts";

interface Config extends PolicyOptions {
  readonly policy: "imagenet" | "cifar10" | "svhn";
}

interface Params extends PolicyOptions {
  readonly operations: readonly Operation[];
}

/**
 * Applies one of the twenty-five pairs of operations that a search found for ImageNet, CIFAR-10 or SVHN.
 *
 * @source Cubuk, Zoph, Mané, Vasudevan and Le, "AutoAugment: Learning Augmentation Policies from Data", 2019,
 * https://arxiv.org/abs/1805.09501, tables 7 to 9. Operations and strengths are those of torchvision 0.29.
 */
export const AutoAugment: Transform<Config, Params> = {
  name: "AutoAugment",
  version: 1,
  config: z.strictObject({ policy: z.enum(["imagenet", "cifar10", "svhn"]).default("imagenet"), ...policyOptions }),
  sample({ policy, interpolation, fill }, draw, { width, height }) {
    const translate = [(150 / 331) * width, (150 / 331) * height] as const;
    const space = spaceOf({ shear: 0.3, translate, rotate: 30, adjust: 0.9, posterize: [8, 4] }, 10);
    space.set("Invert", { magnitudes: [0], isSigned: false });
    const operations = draw
      .pick(autoAugmentPolicies[policy])
      .split(", ")
      .flatMap((text, i) => {
        const [name, probability, level = "0"] = text.split(" ");
        const own = draw.child(String(i));
        return own.chance(Number(probability)) ? [operationAt(space, name as OperationName, Number(level), own)] : [];
      });
    return { operations, interpolation, fill };
  },
  effect: { kind: "scene", apply: (scene, { operations, ...options }) => applyOperations(scene, operations, options) },
};

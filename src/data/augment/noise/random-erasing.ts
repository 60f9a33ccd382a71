import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { type EraseParams, eraseEffect, type Fill, fillOption } from "./_erase.ts";

interface Config {
  readonly area: Distribution;
  readonly aspect: readonly [low: number, high: number];
  readonly fill: Fill;
  readonly hides: boolean;
}

/**
 * Paints over one rectangle that lies within the image: its area is a fraction of the image's, the logarithm of its aspect ratio (height to
 * width) uniform. If ten tries do not fit, nothing happens, as in torchvision. `hides` as in {@link Cutout}.
 *
 * @source Zhong et al., "Random Erasing Data Augmentation", 2017, https://arxiv.org/abs/1708.04896, algorithm 1.
 */
export const RandomErasing: Transform<Config, EraseParams> = {
  name: "RandomErasing",
  version: 1,
  config: z.strictObject({
    area: real({ min: 0, max: 1 }).default([0.02, 0.33]),
    aspect: z.tuple([z.number().positive(), z.number().positive()]).default([0.3, 3.3]),
    fill: fillOption.default("noise"),
    hides: z.boolean().default(false),
  }),
  sample({ area, aspect, fill, hides }, draw, { width, height }) {
    const rest = { fill, hides, seed: draw.child("noise").seed() };
    for (let attempt = 0; attempt < 10; attempt++) {
      const pixels = drawReal(area, draw) * width * height;
      const ratio = Math.exp(draw.uniform(Math.log(aspect[0]), Math.log(aspect[1])));
      const [w, h] = [Math.sqrt(pixels / ratio) / width, Math.sqrt(pixels * ratio) / height];
      if (w >= 1 || h >= 1) continue;
      const [x1, y1] = [draw.uniform(0, 1 - w), draw.uniform(0, 1 - h)];
      return { ...rest, patches: [{ x1, y1, x2: x1 + w, y2: y1 + h }] };
    }
    return { ...rest, patches: [] };
  },
  effect: eraseEffect,
};

import { z } from "zod";
import { type Distribution, drawReal, drawWhole, real, whole } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { type EraseParams, eraseEffect, type Fill, fillOption } from "./_erase.ts";

interface Config {
  readonly count: Distribution;
  readonly size: Distribution;
  readonly fill: Fill;
  readonly hides: boolean;
}

/**
 * Paints over squares about random points; near an edge a part of the square is outside, as in the paper. `size` is a fraction of the shorter
 * side. With `hides`, keypoints below a square become invisible and boxes that lie wholly below one are dropped.
 *
 * @source DeVries and Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout", 2017, https://arxiv.org/abs/1708.04552.
 */
export const Cutout: Transform<Config, EraseParams> = {
  name: "Cutout",
  version: 1,
  config: z.strictObject({
    count: whole({ min: 1, max: 1000 }).default(1),
    size: real({ min: 0, max: 1 }).default([0.25, 0.5]),
    fill: fillOption.default(0.5),
    hides: z.boolean().default(false),
  }),
  sample(config, draw, { width, height }) {
    const patches = Array.from({ length: drawWhole(config.count, draw) }, () => {
      const half = (drawReal(config.size, draw) * Math.min(width, height)) / 2;
      const [x, y] = [draw.uniform(), draw.uniform()];
      return {
        x1: Math.max(x - half / width, 0),
        y1: Math.max(y - half / height, 0),
        x2: Math.min(x + half / width, 1),
        y2: Math.min(y + half / height, 1),
      };
    });
    return { patches, fill: config.fill, hides: config.hides, seed: draw.seed() };
  },
  effect: eraseEffect,
};

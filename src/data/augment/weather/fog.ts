import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { blendOver } from "../pixels.ts";
import type { Transform } from "../transform.ts";
import { fractalField } from "./fractal.ts";

interface Config {
  readonly density: Distribution;
}

interface Params {
  readonly density: number;
  readonly seed: number;
}

/**
 * Lays thin and thick fog over the image; `density` is its mean opacity. It knows no depth: near and far things fade alike.
 *
 * @source Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", 2019,
 * https://arxiv.org/abs/1903.12261. Differs: value noise instead of a plasma fractal.
 */
export const Fog: Transform<Config, Params> = {
  name: "Fog",
  version: 1,
  config: z.strictObject({ density: real({ min: 0, max: 1 }).default([0.3, 0.7]) }),
  sample: ({ density }, draw) => ({ density: drawReal(density, draw), seed: draw.seed() }),
  effect: {
    kind: "pixels",
    apply(image, { density, seed }) {
      const { width, height } = image;
      const cell = Math.max(width, height) / 2;
      const field = fractalField(seed, width, height, { cell, octaves: 5, persistence: 0.5 });
      const cover = field.map((value) => Math.min(Math.max(density * (0.4 + 1.2 * value), 0), 1));
      return blendOver(image, cover, [0.88, 0.89, 0.9]);
    },
  },
};

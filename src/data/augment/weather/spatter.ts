import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { blendOver } from "../pixels.ts";
import type { Transform } from "../transform.ts";
import { fractalField, smoothStep } from "./fractal.ts";

interface Config {
  readonly amount: Distribution;
  readonly liquid: "mud" | "water";
}

interface Params {
  readonly amount: number;
  readonly liquid: "mud" | "water";
  readonly seed: number;
}

const colors: Readonly<Record<Config["liquid"], readonly number[]>> = {
  mud: [0.25, 0.17, 0.09],
  water: [0.78, 0.86, 0.9],
};

/**
 * Drops of mud or water on the lens; `amount` says how much. Mud covers, water veils and shines at its edges.
 *
 * @source Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", 2019,
 * https://arxiv.org/abs/1903.12261: the idea; the shapes are ours.
 */
export const Spatter: Transform<Config, Params> = {
  name: "Spatter",
  version: 1,
  config: z.strictObject({
    amount: real({ min: 0, max: 1 }).default([0.2, 0.6]),
    liquid: z.enum(["mud", "water"]).default("mud"),
  }),
  sample: ({ amount, liquid }, draw) => ({ amount: drawReal(amount, draw), liquid, seed: draw.seed() }),
  effect: {
    kind: "pixels",
    apply(image, { amount, liquid, seed }) {
      const { width, height } = image;
      const field = fractalField(seed, width, height, {
        cell: Math.min(width, height) / 7,
        octaves: 3,
        persistence: 0.4,
      });
      const edge = 0.82 - 0.3 * amount;
      const cover = field.map((value) => {
        const drop = smoothStep(edge - 0.02, edge + 0.02, value);
        if (liquid === "mud") return 0.95 * drop;
        return drop * (0.25 + 0.6 * (1 - smoothStep(edge, edge + 0.06, value)));
      });
      return blendOver(image, cover, colors[liquid]);
    },
  },
};

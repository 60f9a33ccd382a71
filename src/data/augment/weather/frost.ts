import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { blendOver } from "../pixels.ts";
import type { Transform } from "../transform.ts";
import { fractalField, smoothStep } from "./fractal.ts";

interface Config {
  readonly amount: Distribution;
}

interface Params {
  readonly amount: number;
  readonly seed: number;
}

/** Needles on four scales, [0, 1): bright where noise crosses its middle. */
function ridges(seed: number, width: number, height: number, cell: number): Float32Array {
  const sum = new Float32Array(width * height);
  for (const [octave, amplitude] of [0.4, 0.3, 0.2, 0.1].entries()) {
    const field = fractalField(seed + 1 + octave, width, height, {
      cell: cell / 2 ** octave,
      octaves: 1,
      persistence: 1,
    });
    for (let i = 0; i < sum.length; i++) {
      const ridge = 1 - Math.abs(2 * (field[i] as number) - 1);
      (sum[i] as number) += amplitude * ridge * ridge * ridge;
    }
  }
  return sum;
}

/**
 * Ice on the lens: bright needles on a milky ground that grows from the edges inwards; `amount` says how far. Drawn from noise, not from
 * photographs of frost as in ImageNet-C, so results do not compare with that benchmark.
 *
 * @source Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", 2019,
 * https://arxiv.org/abs/1903.12261: the idea.
 */
export const Frost: Transform<Config, Params> = {
  name: "Frost",
  version: 1,
  config: z.strictObject({ amount: real({ min: 0, max: 1 }).default([0.3, 0.7]) }),
  sample: ({ amount }, draw) => ({ amount: drawReal(amount, draw), seed: draw.seed() }),
  effect: {
    kind: "pixels",
    apply(image, { amount, seed }) {
      const { width, height } = image;
      const side = Math.min(width, height);
      const ground = fractalField(seed, width, height, { cell: side / 3, octaves: 4, persistence: 0.6 });
      const crystals = ridges(seed, width, height, side / 5);
      const cover = new Float32Array(width * height);
      for (let y = 0, i = 0; y < height; y++)
        for (let x = 0; x < width; x++, i++) {
          const [u, v] = [(2 * x + 1) / width - 1, (2 * y + 1) / height - 1];
          const fromCentre = Math.sqrt((u * u + v * v) / 2);
          const ice = smoothStep(0, 0.5, fromCentre + 0.7 * ((ground[i] as number) - 0.5) - 0.95 + 0.9 * amount);
          cover[i] = ice * Math.min(0.35 + 0.75 * (crystals[i] as number), 0.97);
        }
      return blendOver(image, cover, [0.9, 0.95, 1]);
    },
  },
};

import { z } from "zod";
import { convolveSeparable } from "../convolve.ts";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { gaussianWeights } from "../gaussian.ts";
import { uniformField } from "../noise/field.ts";
import type { Frame, Resample, Transform } from "../transform.ts";
import { type Displacement, fieldOf } from "./_displacement.ts";
import { resampleOf, resampleOptions } from "./_options.ts";

interface Config extends Resample {
  /** Strength: the noise in [-1, 1] is multiplied by it once smoothed [pixels]. @defaultValue [10, 40] */
  readonly alpha: Distribution;
  /** Smoothness: deviation of the Gaussian [pixels], >= 1. @defaultValue [4, 8] */
  readonly sigma: Distribution;
}

interface Params extends Resample {
  readonly alpha: number;
  readonly sigma: number;
  readonly seed: number;
}

/**
 * Smooth noise. A Gaussian as wide as this hides single pixels, so the noise lives on a grid `coarse` times as wide, weaker by as much:
 * the deviation of the result is the same.
 */
function displacement({ alpha, sigma, seed }: Params, { width, height }: Frame): Displacement {
  const coarse = Math.max(1, Math.floor(sigma / 2));
  const [columns, rows] = [Math.ceil(width / coarse), Math.ceil(height / coarse)];
  const noise = uniformField(seed, 2 * columns * rows);
  const data = noise.map((value) => ((2 * value - 1) * alpha) / coarse);
  const weights = Float32Array.from(gaussianWeights(2 * Math.ceil((3 * sigma) / coarse) + 1, sigma / coarse));
  return convolveSeparable({ data, width: columns, height: rows, channels: 2 }, weights, weights);
}

/**
 * Moves pixels by smooth noise, as if the image were printed on rubber: for handwriting and tissue.
 *
 * @source Simard, Steinkraus and Platt, "Best Practices for Convolutional Neural Networks Applied to Visual Document Analysis", 2003,
 * section 2.
 */
export const ElasticDeformation: Transform<Config, Params> = {
  name: "ElasticDeformation",
  version: 1,
  config: z.strictObject({
    alpha: real({ min: 0 }).default([10, 40]),
    sigma: real({ min: 1 }).default([4, 8]),
    ...resampleOptions,
  }),
  sample: (config, draw) => ({
    alpha: drawReal(config.alpha, draw),
    sigma: drawReal(config.sigma, draw),
    seed: draw.seed(),
    ...resampleOf(config),
  }),
  effect: { kind: "field", field: (params, frame) => fieldOf(displacement(params, frame), frame, resampleOf(params)) },
};

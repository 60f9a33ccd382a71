import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { drawNoise, mapWithNoise, type NoiseParams, perChannel, sizeOfNoise } from "./_noisy.ts";
import { normalField, uniformField } from "./field.ts";

interface Config {
  readonly photons: Distribution;
  readonly perChannel: boolean;
}

interface Params extends NoiseParams {
  readonly photons: number;
}

/** Above this mean, a rounded normal variate is close enough to a Poisson variate. */
const manyPhotons = 30;

/** Cumulative probabilities of 0, 1, 2 … up to all but what a float32 quantile can reach. */
function cumulative(mean: number): Float64Array {
  const sums: number[] = [];
  let probability = Math.exp(-mean);
  for (let sum = probability, count = 0; count < 4 * manyPhotons; sum += probability) {
    sums.push(sum);
    if (sum > 1 - 2 ** -25) break;
    count++;
    probability *= mean / count;
  }
  return Float64Array.from(sums);
}

/** The first count whose cumulative probability reaches a quantile. */
function countAt(sums: Float64Array, quantile: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] as number) < quantile) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The noise of counting light: a value that stands for n photons becomes a Poisson variate of mean n, so bright parts get more noise, dark
 * ones relatively more. `photons` is the count at white; fewer make more noise. Means above 30 use the normal approximation.
 *
 * @source Foi et al., "Practical Poissonian-Gaussian Noise Modeling and Fitting for Single-Image Raw-Data", 2008, section II.
 */
export const PoissonNoise: Transform<Config, Params> = {
  name: "PoissonNoise",
  version: 1,
  config: z.strictObject({ photons: real({ min: 1 }).default([20, 200]), perChannel }),
  sample: (config, draw) => ({ photons: drawReal(config.photons, draw), ...drawNoise(config, draw) }),
  effect: {
    kind: "pixels",
    apply(image, params) {
      const { photons, seed } = params;
      const count = sizeOfNoise(image, params.perChannel);
      const normals = normalField(seed, count);
      const uniforms = uniformField(seed, count, 1);
      const tables = new Map<number, Float64Array>();
      return mapWithNoise(image, normals, (value, normal, limit, index) => {
        const mean = (value / limit) * photons;
        if (mean > manyPhotons) return (Math.round(mean + Math.sqrt(mean) * normal) / photons) * limit;
        // Float32 has a mean of its own for nearly every value: keeping tables would only fill memory.
        const sums = (limit === 1 ? undefined : tables.get(value)) ?? cumulative(mean);
        if (limit !== 1) tables.set(value, sums);
        return (countAt(sums, uniforms[index] as number) / photons) * limit;
      });
    },
  },
};

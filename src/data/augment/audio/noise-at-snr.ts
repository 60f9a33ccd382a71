import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { normalField } from "../noise/field.ts";
import type { SequenceTransform } from "../sequence-pipeline.ts";
import type { Signal } from "./signal.ts";

interface Config {
  readonly decibels: Distribution;
}

interface Params {
  readonly decibels: number;
  readonly seed: number;
}

/** Adds white Gaussian noise at a ratio of the signal's mean power to the noise's [dB]. Silence stays silent. */
export const NoiseAtSnr: SequenceTransform<Signal, Config, Params> = {
  name: "NoiseAtSnr",
  version: 1,
  config: z.strictObject({ decibels: real({ min: -60, max: 120 }).default([10, 40]) }),
  sample: ({ decibels }, draw) => ({ decibels: drawReal(decibels, draw), seed: draw.seed() }),
  apply(signal, { decibels, seed }) {
    const { samples } = signal;
    const power = samples.reduce((sum, value) => sum + value * value, 0) / Math.max(samples.length, 1);
    const deviation = Math.sqrt(power / 10 ** (decibels / 10));
    const noise = normalField(seed, samples.length);
    return { ...signal, samples: samples.map((value, i) => value + deviation * (noise[i] as number)) };
  },
};

import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { SequenceTransform } from "../sequence-pipeline.ts";
import type { Signal } from "./signal.ts";

interface Config {
  readonly decibels: Distribution;
}

interface Params {
  readonly decibels: number;
}

/** Makes sound louder or softer [dB]. Nothing is clipped. */
export const Gain: SequenceTransform<Signal, Config, Params> = {
  name: "Gain",
  version: 1,
  config: z.strictObject({ decibels: real({ min: -120, max: 120 }).default([-6, 6]) }),
  sample: ({ decibels }, draw) => ({ decibels: drawReal(decibels, draw) }),
  apply(signal, { decibels }) {
    const factor = 10 ** (decibels / 20);
    return { ...signal, samples: signal.samples.map((value) => value * factor) };
  },
};

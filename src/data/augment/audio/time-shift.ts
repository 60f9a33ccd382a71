import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { SequenceTransform } from "../sequence-pipeline.ts";
import type { Signal } from "./signal.ts";

interface Config {
  readonly seconds: Distribution;
  readonly wraps: boolean;
}

interface Params {
  readonly seconds: number;
  readonly wraps: boolean;
}

/** Moves sound in time [s]; later for positive numbers. What leaves at one end comes in at the other (`wraps`), or silence does. */
export const TimeShift: SequenceTransform<Signal, Config, Params> = {
  name: "TimeShift",
  version: 1,
  config: z.strictObject({ seconds: real().default([-0.1, 0.1]), wraps: z.boolean().default(false) }),
  sample: ({ seconds, wraps }, draw) => ({ seconds: drawReal(seconds, draw), wraps }),
  apply(signal, { seconds, wraps }) {
    const { samples, sampleRate } = signal;
    const count = samples.length;
    const shift = Math.round(seconds * sampleRate);
    const shifted = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      const from = i - shift;
      if (wraps) shifted[i] = samples[((from % count) + count) % count] as number;
      else if (from >= 0 && from < count) shifted[i] = samples[from] as number;
    }
    return { ...signal, samples: shifted };
  },
};

import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { SequenceTransform } from "../sequence-pipeline.ts";
import type { Signal } from "./signal.ts";

interface Config {
  readonly factor: Distribution;
}

interface Params {
  readonly factor: number;
}

/** Zeros of the sinc function on each side that are used. */
const zeros = 16;

/** The low-pass filter at a distance [samples of the slower of both rates]: a sinc under Hann's window. */
function filter(distance: number): number {
  if (distance === 0) return 1;
  if (Math.abs(distance) >= zeros) return 0;
  const angle = Math.PI * distance;
  return (Math.sin(angle) / angle) * (0.5 + 0.5 * Math.cos(angle / zeros));
}

/**
 * Plays sound faster (factor above 1) or slower at the same sample rate, as a record at another speed: pitch and duration change together.
 *
 * @source Ko, Peddinti, Povey and Khudanpur, "Audio Augmentation for Speech Recognition", Interspeech 2015: speed perturbation by 0.9, 1 and
 * 1.1. Resampled by a windowed sinc of 16 zeros a side: Smith, "Digital Audio Resampling", https://ccrma.stanford.edu/~jos/resample/.
 */
export const SpeedResample: SequenceTransform<Signal, Config, Params> = {
  name: "SpeedResample",
  version: 1,
  config: z.strictObject({ factor: real({ min: 0.1, max: 10 }).default({ choice: [0.9, 1, 1.1] }) }),
  sample: ({ factor }, draw) => ({ factor: drawReal(factor, draw) }),
  apply(signal, { factor }) {
    if (factor === 1) return signal;
    const { samples } = signal;
    const resampled = new Float32Array(Math.max(Math.round(samples.length / factor), 1));
    // Playing faster folds high frequencies down: they are filtered out first.
    const cutoff = Math.min(1, 1 / factor);
    const reach = zeros / cutoff;
    for (let i = 0; i < resampled.length; i++) {
      const centre = i * factor;
      const last = Math.min(Math.floor(centre + reach), samples.length - 1);
      let sum = 0;
      for (let k = Math.max(Math.ceil(centre - reach), 0); k <= last; k++)
        sum += (samples[k] as number) * filter((k - centre) * cutoff);
      resampled[i] = sum * cutoff;
    }
    return { ...signal, samples: resampled };
  },
};

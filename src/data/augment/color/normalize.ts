import { z } from "zod";
import { limitOf, withData } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/**
 * Makes float32 of any image: `(value / largest − mean) / deviation`, with one mean and deviation for all channels or one each. ImageNet's
 * are the default. The result leaves [0, 1], so this comes last.
 */
export const Normalize: Transform<Config, Config> = {
  name: "Normalize",
  version: 1,
  config: z.strictObject({
    mean: z.array(z.number()).min(1).default([0.485, 0.456, 0.406]),
    deviation: z.array(z.number().positive()).min(1).default([0.229, 0.224, 0.225]),
  }),
  sample: (config) => config,
  effect: {
    kind: "pixels",
    apply(image, { mean, deviation }) {
      const { data, channels } = image;
      const output = new Float32Array(data.length);
      for (let channel = 0; channel < channels; channel++) {
        const scale = 1 / (limitOf(image) * (deviation[channel % deviation.length] as number));
        const shift = (mean[channel % mean.length] as number) / (deviation[channel % deviation.length] as number);
        for (let i = channel; i < data.length; i += channels) output[i] = (data[i] as number) * scale - shift;
      }
      return withData(image, output);
    },
  },
};

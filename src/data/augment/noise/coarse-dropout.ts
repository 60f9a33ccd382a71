import { z } from "zod";
import { type Distribution, drawReal, drawWhole, real, whole } from "../distribution.ts";
import { colorsOf, limitOf, quantizer, withData } from "../pixels.ts";
import type { Transform } from "../transform.ts";
import { drawNoise, type NoiseParams } from "./_noisy.ts";
import { uniformField } from "./field.ts";

interface Config {
  readonly fraction: Distribution;
  readonly cells: Distribution;
  readonly fill: number;
  readonly perChannel: boolean;
}

interface Params extends NoiseParams {
  readonly fraction: number;
  readonly cells: number;
  readonly fill: number;
}

/**
 * Sets rectangles to a value: the image is a grid of `cells` by `cells`, of which a fraction is dropped (`fill` is a fraction of the range).
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `CoarseDropout`.
 */
export const CoarseDropout: Transform<Config, Params> = {
  name: "CoarseDropout",
  version: 1,
  config: z.strictObject({
    fraction: real({ min: 0, max: 1 }).default([0.05, 0.2]),
    cells: whole({ min: 1, max: 4096 }).default([6, 14]),
    fill: z.number().min(0).max(1).default(0),
    perChannel: z.boolean().default(false),
  }),
  sample: (config, draw) => ({
    fraction: drawReal(config.fraction, draw),
    cells: drawWhole(config.cells, draw),
    fill: config.fill,
    ...drawNoise(config, draw),
  }),
  effect: {
    kind: "pixels",
    apply(image, { fraction, cells, fill, perChannel, seed }) {
      const { data, width, height, channels } = image;
      const colors = colorsOf(image);
      const planes = perChannel ? colors : 1;
      const field = uniformField(seed, cells * cells * planes);
      const value = quantizer(image)(fill * limitOf(image));
      const output = data.slice();
      for (let y = 0, i = 0; y < height; y++) {
        const row = Math.floor((y * cells) / height) * cells;
        for (let x = 0; x < width; x++, i += channels) {
          const cell = (row + Math.floor((x * cells) / width)) * planes;
          for (let channel = 0; channel < colors; channel++)
            if ((field[cell + (channel % planes)] as number) < fraction) output[i + channel] = value;
        }
      }
      return withData(image, output);
    },
  },
};

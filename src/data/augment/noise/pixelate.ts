import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { colorsOf, quantizer, withData } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly size: Distribution;
}

interface Params {
  readonly size: number;
}

/**
 * Makes squares of one colour, the mean of what they cover: an image of low resolution. `size` is the squares' side as a fraction of the
 * shorter side of the image.
 *
 * @source Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", 2019,
 * https://arxiv.org/abs/1903.12261. Differs: squares of whole pixels.
 */
export const Pixelate: Transform<Config, Params> = {
  name: "Pixelate",
  version: 1,
  config: z.strictObject({ size: real({ min: 0, max: 1 }).default([0.015, 0.05]) }),
  sample: ({ size }, draw) => ({ size: drawReal(size, draw) }),
  effect: {
    kind: "pixels",
    apply(image, params) {
      const { data, width, height, channels } = image;
      const size = Math.max(Math.round(params.size * Math.min(width, height)), 1);
      const quantize = quantizer(image);
      const output = data.slice();
      for (let top = 0; top < height; top += size)
        for (let left = 0; left < width; left += size) {
          const [bottom, right] = [Math.min(top + size, height), Math.min(left + size, width)];
          for (let channel = 0; channel < colorsOf(image); channel++) {
            let sum = 0;
            for (let y = top; y < bottom; y++)
              for (let x = left; x < right; x++) sum += data[(y * width + x) * channels + channel] as number;
            const mean = quantize(sum / ((bottom - top) * (right - left)));
            for (let y = top; y < bottom; y++)
              for (let x = left; x < right; x++) output[(y * width + x) * channels + channel] = mean;
          }
        }
      return withData(image, output);
    },
  },
};

import { z } from "zod";
import { colorsOf, limitOf, mapValues } from "../pixels.ts";
import type { Transform } from "../transform.ts";

type Nothing = Record<string, never>;

const { fround } = Math;

/**
 * Stretches each channel so that its smallest value becomes black and its largest white.
 *
 * @source torchvision 0.29, `autocontrast`, https://docs.pytorch.org/vision; byte-equal.
 */
export const AutoContrast: Transform<Nothing, Nothing> = {
  name: "AutoContrast",
  version: 1,
  config: z.strictObject({}),
  sample: () => ({}),
  effect: {
    kind: "pixels",
    apply(image) {
      const { data, channels } = image;
      const inverse = fround(1 / limitOf(image));
      const ranges = Array.from({ length: colorsOf(image) }, (_, channel) => {
        let [low, high] = [Infinity, -Infinity];
        for (let i = channel; i < data.length; i += channels) {
          low = Math.min(low, data[i] as number);
          high = Math.max(high, data[i] as number);
        }
        return high > low ? { low, scale: fround(fround(high - low) * inverse) } : { low: 0, scale: 1 };
      });
      return mapValues(
        image,
        (value, _, channel) => {
          const { low, scale } = ranges[channel] as { low: number; scale: number };
          return fround(fround(value - low) / scale);
        },
        "down",
      );
    },
  },
};

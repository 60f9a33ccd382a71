import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { mapWithNoise, sizeOfNoise } from "./_noisy.ts";
import { normalField } from "./field.ts";

interface Config {
  readonly luma: Distribution;
  readonly chroma: Distribution;
}

interface Params {
  readonly luma: number;
  readonly chroma: number;
  readonly seed: number;
}

/**
 * The noise of a high film speed: grain common to all channels (`luma`) and blotches of colour (`chroma`), both deviations as fractions of
 * the range at white; they shrink with the square root of the value, as the noise of light does, to a floor of a fifth.
 */
export const IsoNoise: Transform<Config, Params> = {
  name: "IsoNoise",
  version: 1,
  config: z.strictObject({
    luma: real({ min: 0, max: 1 }).default([0.03, 0.1]),
    chroma: real({ min: 0, max: 1 }).default([0.02, 0.08]),
  }),
  sample: ({ luma, chroma }, draw) => ({
    luma: drawReal(luma, draw),
    chroma: drawReal(chroma, draw),
    seed: draw.child("noise").seed(),
  }),
  effect: {
    kind: "pixels",
    apply(image, { luma, chroma, seed }) {
      const grain = normalField(seed, sizeOfNoise(image, false));
      const blotches = normalField(seed, sizeOfNoise(image, true), 1);
      return mapWithNoise(image, blotches, (value, noise, limit, index) => {
        const common = grain[Math.floor(index / image.channels)] as number;
        const strength = Math.max(Math.sqrt(value / limit), 0.2);
        return value + (common * luma + noise * chroma) * strength * limit;
      });
    },
  },
};

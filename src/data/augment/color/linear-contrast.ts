import { z } from "zod";
import { type Distribution, real } from "../distribution.ts";
import { mapValues } from "../pixels.ts";
import type { Transform } from "../transform.ts";
import { drawChannels, ofChannel } from "./_channels.ts";

interface Config {
  readonly factor: Distribution;
  readonly perChannel: boolean;
}

interface Params {
  readonly factors: readonly number[];
}

/**
 * Moves values away from middle grey, or towards it: `middle + factor · (value − middle)`. Unlike {@link Contrast} it does not depend on
 * the image's mean.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `LinearContrast`. Differs: it cuts off, so it may be a
 * level lower.
 */
export const LinearContrast: Transform<Config, Params> = {
  name: "LinearContrast",
  version: 1,
  config: z.strictObject({
    factor: real({ min: 0 }).default([0.6, 1.4]),
    perChannel: z.boolean().default(false),
  }),
  sample: ({ factor, perChannel }, draw, frame) => ({ factors: drawChannels(factor, perChannel, draw, frame) }),
  effect: {
    kind: "pixels",
    apply: (image, { factors }) =>
      mapValues(image, (value, limit, channel) => {
        // imgaug's middle of 8 bits is 127, not 127.5.
        const middle = limit === 1 ? 0.5 : Math.floor(limit / 2);
        return middle + ofChannel(factors, channel) * (value - middle);
      }),
  },
};

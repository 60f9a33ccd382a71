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
 * Multiplies every value by a constant, or each channel by one of its own, and rounds to the nearest. {@link Brightness} is the same
 * with torchvision's rounding down.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `Multiply`. Differs: it cuts off, so it may be a level lower.
 */
export const Multiply: Transform<Config, Params> = {
  name: "Multiply",
  version: 1,
  config: z.strictObject({
    factor: real({ min: 0 }).default([0.8, 1.2]),
    perChannel: z.boolean().default(false),
  }),
  sample: ({ factor, perChannel }, draw, frame) => ({ factors: drawChannels(factor, perChannel, draw, frame) }),
  effect: {
    kind: "pixels",
    apply: (image, { factors }) => mapValues(image, (value, _, channel) => value * ofChannel(factors, channel)),
  },
};

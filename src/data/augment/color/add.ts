import { z } from "zod";
import { type Distribution, real } from "../distribution.ts";
import { mapValues } from "../pixels.ts";
import type { Transform } from "../transform.ts";
import { drawChannels, ofChannel } from "./_channels.ts";

interface Config {
  readonly amount: Distribution;
  readonly perChannel: boolean;
}

interface Params {
  readonly amounts: readonly number[];
}

/**
 * Adds a constant to every value, or one to each channel. `amount` is a fraction of the range: 0.1 adds 25.5 levels to 8-bit pixels.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `Add`. Differs: fractions instead of levels.
 */
export const Add: Transform<Config, Params> = {
  name: "Add",
  version: 1,
  config: z.strictObject({
    amount: real({ min: -1, max: 1 }).default([-0.15, 0.15]),
    perChannel: z.boolean().default(false),
  }),
  sample: ({ amount, perChannel }, draw, frame) => ({ amounts: drawChannels(amount, perChannel, draw, frame) }),
  effect: {
    kind: "pixels",
    apply: (image, { amounts }) =>
      mapValues(image, (value, limit, channel) => value + ofChannel(amounts, channel) * limit),
  },
};

import { z } from "zod";
import { colorsOf, withData } from "../pixels.ts";
import { shuffled } from "../shuffled.ts";
import type { Transform } from "../transform.ts";

type Nothing = Record<string, never>;

interface Params {
  /** Which channel each one comes from. */
  readonly order: readonly number[];
}

/** Puts the colour channels into a random order; alpha stays last. */
export const ChannelShuffle: Transform<Nothing, Params> = {
  name: "ChannelShuffle",
  version: 1,
  config: z.strictObject({}),
  sample: (_, draw, { channels }) => ({
    order: shuffled(
      Array.from({ length: channels === 4 ? 3 : channels }, (_, channel) => channel),
      draw,
    ),
  }),
  effect: {
    kind: "pixels",
    apply(image, { order }) {
      const { data, channels } = image;
      const output = data.slice();
      for (let channel = 0; channel < colorsOf(image); channel++) {
        const from = order[channel] ?? channel;
        for (let i = 0; i < data.length; i += channels) output[i + channel] = data[i + from] as number;
      }
      return withData(image, output);
    },
  },
};

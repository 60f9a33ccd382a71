import { z } from "zod";
import { type Distribution, drawWhole, whole } from "../distribution.ts";
import { limitOf, withData } from "../pixels.ts";
import { shuffled } from "../shuffled.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly count: Distribution;
  readonly fill: number;
}

interface Params {
  readonly channels: readonly number[];
  readonly fill: number;
}

/** Sets whole colour channels to a value (`fill`, a fraction of the range); at least one is kept. */
export const ChannelDropout: Transform<Config, Params> = {
  name: "ChannelDropout",
  version: 1,
  config: z.strictObject({ count: whole({ min: 1 }).default(1), fill: z.number().min(0).max(1).default(0) }),
  sample({ count, fill }, draw, frame) {
    const colors = frame.channels === 4 ? 3 : frame.channels;
    const dropped = Math.min(drawWhole(count, draw), colors - 1);
    const order = shuffled(
      Array.from({ length: colors }, (_, channel) => channel),
      draw,
    );
    return { channels: order.slice(0, dropped), fill };
  },
  effect: {
    kind: "pixels",
    apply(image, params) {
      const output = image.data.slice();
      const value = Math.round(params.fill * limitOf(image) * 1e6) / 1e6;
      for (const channel of params.channels)
        for (let i = channel; i < output.length; i += image.channels) output[i] = value;
      return withData(image, output);
    },
  },
};

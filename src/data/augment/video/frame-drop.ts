import { z } from "zod";
import { RandomStream } from "../../../base/random.ts";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { framesOf, pickFrames } from "./_clip.ts";

interface Config {
  readonly fraction: Distribution;
  readonly repeat: boolean;
}

interface Params {
  readonly fraction: number;
  readonly repeat: boolean;
  readonly seed: number;
}

/**
 * Loses frames of a video, each with the probability `fraction`, never the first. With `repeat` (the default) the frame before stands still in
 * its place and the number of frames stays. Single images stay as they are. Boxes and masks are not touched: they must hold for the clip.
 */
export const FrameDrop: Transform<Config, Params> = {
  name: "FrameDrop",
  version: 1,
  config: z.strictObject({
    fraction: real({ min: 0, max: 1 }).default([0.05, 0.2]),
    repeat: z.boolean().default(true),
  }),
  sample: ({ fraction, repeat }, draw) => ({ fraction: drawReal(fraction, draw), repeat, seed: draw.seed() }),
  effect: {
    kind: "scene",
    apply(scene, { fraction, repeat, seed }) {
      const stream = new RandomStream(seed, "frames");
      const indices: number[] = [];
      for (let i = 0; i < framesOf(scene).length; i++) {
        if (i === 0 || stream.uniform(i) >= fraction) indices.push(i);
        else if (repeat) indices.push(indices.at(-1) as number);
      }
      return pickFrames(scene, indices);
    },
  },
};

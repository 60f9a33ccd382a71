import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { framesOf, pickFrames } from "./_clip.ts";

interface Config {
  readonly length: Distribution;
}

interface Params {
  readonly length: number;
  readonly start: number;
}

/** Keeps a stretch of a video: `length` is its fraction of the frames, rounded, at least one frame. The start is uniform. */
export const TemporalCrop: Transform<Config, Params> = {
  name: "TemporalCrop",
  version: 1,
  config: z.strictObject({ length: real({ min: 0, max: 1 }).default([0.5, 0.9]) }),
  sample: ({ length }, draw) => ({ length: drawReal(length, draw), start: draw.uniform() }),
  effect: {
    kind: "scene",
    apply(scene, { length, start }) {
      const count = framesOf(scene).length;
      const kept = Math.max(Math.round(length * count), 1);
      const first = Math.floor(start * (count - kept + 1));
      return pickFrames(
        scene,
        Array.from({ length: kept }, (_, i) => first + i),
      );
    },
  },
};

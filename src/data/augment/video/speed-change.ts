import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { framesOf, pickFrames } from "./_clip.ts";

interface Config {
  readonly factor: Distribution;
}

interface Params {
  readonly factor: number;
}

/**
 * Plays a video faster (factor above 1: frames are skipped) or slower (frames are repeated; nothing is interpolated). The number of frames
 * becomes that many times smaller, rounded, at least one.
 */
export const SpeedChange: Transform<Config, Params> = {
  name: "SpeedChange",
  version: 1,
  config: z.strictObject({ factor: real({ min: 0.05, max: 100 }).default([0.6, 1.8]) }),
  sample: ({ factor }, draw) => ({ factor: drawReal(factor, draw) }),
  effect: {
    kind: "scene",
    apply(scene, { factor }) {
      const count = framesOf(scene).length;
      const length = Math.max(Math.round(count / factor), 1);
      return pickFrames(
        scene,
        Array.from({ length }, (_, i) => Math.min(Math.floor(i * factor), count - 1)),
      );
    },
  },
};

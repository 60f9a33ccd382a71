import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { uniformField } from "../noise/field.ts";
import { blendOver } from "../pixels.ts";
import type { Transform } from "../transform.ts";
import { drawStreak } from "./_streaks.ts";

interface Config {
  readonly density: Distribution;
  readonly length: Distribution;
  readonly angle: Distribution;
}

interface Params {
  readonly density: number;
  readonly length: number;
  readonly angle: number;
  readonly seed: number;
}

/**
 * Draws streaks of rain and dims the light a little: `density` is streaks per square of a tenth of the shorter side, `length` a fraction of
 * that side, `angle` from the vertical [degrees].
 */
export const Rain: Transform<Config, Params> = {
  name: "Rain",
  version: 1,
  config: z.strictObject({
    density: real({ min: 0, max: 100 }).default([2, 6]),
    length: real({ min: 0, max: 1 }).default([0.06, 0.14]),
    angle: real({ min: -80, max: 80 }).default([-20, 20]),
  }),
  sample: ({ density, length, angle }, draw) => ({
    density: drawReal(density, draw),
    length: drawReal(length, draw),
    angle: drawReal(angle, draw),
    seed: draw.seed(),
  }),
  effect: {
    kind: "pixels",
    apply(image, { density, length, angle, seed }) {
      const { width, height } = image;
      const side = Math.min(width, height);
      const count = Math.round((density * width * height) / (side / 10) ** 2);
      const random = uniformField(seed, 4 * count);
      const slope = Math.tan((angle * Math.PI) / 180);
      const cover = new Float32Array(width * height).fill(0.08);
      for (let i = 0; i < 4 * count; i += 4) {
        const [u, v, size, shine] = random.subarray(i, i + 4) as unknown as [number, number, number, number];
        const dy = length * side * (0.5 + size);
        drawStreak(cover, width, {
          x: u * (width + Math.abs(slope) * height) - Math.max(slope, 0) * v * height,
          y: v * (height + dy) - dy,
          dx: slope * dy,
          dy,
          radius: 0.15 + (side / 900) * (0.5 + size),
          opacity: 0.25 + 0.4 * shine,
        });
      }
      return blendOver(image, cover, [0.76, 0.78, 0.8]);
    },
  },
};

import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { uniformField } from "../noise/field.ts";
import { blendOver } from "../pixels.ts";
import type { Transform } from "../transform.ts";
import { drawStreak } from "./_streaks.ts";

interface Config {
  readonly density: Distribution;
  readonly size: Distribution;
  readonly angle: Distribution;
}

interface Params {
  readonly density: number;
  readonly size: number;
  readonly angle: number;
  readonly seed: number;
}

/**
 * Draws falling flakes, near ones large and blurred by their fall, far ones small: `density` is flakes per square of a tenth of the shorter
 * side, `size` the diameter of the nearest as a fraction of it, `angle` from the vertical [degrees].
 */
export const Snow: Transform<Config, Params> = {
  name: "Snow",
  version: 1,
  config: z.strictObject({
    density: real({ min: 0, max: 100 }).default([3, 8]),
    size: real({ min: 0, max: 0.2 }).default([0.012, 0.03]),
    angle: real({ min: -80, max: 80 }).default([-30, 30]),
  }),
  sample: ({ density, size, angle }, draw) => ({
    density: drawReal(density, draw),
    size: drawReal(size, draw),
    angle: drawReal(angle, draw),
    seed: draw.seed(),
  }),
  effect: {
    kind: "pixels",
    apply(image, { density, size, angle, seed }) {
      const { width, height } = image;
      const side = Math.min(width, height);
      const count = Math.round((density * width * height) / (side / 10) ** 2);
      const random = uniformField(seed, 4 * count);
      const slope = Math.tan((angle * Math.PI) / 180);
      const cover = new Float32Array(width * height).fill(0.06);
      for (let i = 0; i < 4 * count; i += 4) {
        const [u, v, distance, shine] = random.subarray(i, i + 4) as unknown as [number, number, number, number];
        // There is more room far away: most flakes are small.
        const nearness = distance ** 3;
        const radius = Math.max(0.5, (size * side * (0.25 + 0.75 * nearness)) / 2);
        const fall = radius * (0.5 + 1.5 * nearness);
        drawStreak(cover, width, {
          x: u * width,
          y: v * height,
          dx: slope * fall,
          dy: fall,
          radius,
          opacity: 0.5 + 0.5 * shine - 0.25 * nearness,
        });
      }
      return blendOver(image, cover, [0.97, 0.98, 1]);
    },
  },
};

import { z } from "zod";
import { type Distribution, drawReal, drawWhole, real, whole } from "../distribution.ts";
import { blendOver } from "../pixels.ts";
import type { Transform } from "../transform.ts";

type Point = readonly [x: number, y: number];

interface Config {
  readonly count: Distribution;
  readonly darkness: Distribution;
  readonly softness: number;
}

interface Params {
  /** Convex polygons, points as fractions of the image, clockwise on screen. */
  readonly polygons: readonly (readonly Point[])[];
  readonly darkness: number;
  readonly softness: number;
}

/** The sides of a convex polygon as half-planes: a·x + b·y + c is the depth of a point [pixels], positive inside. */
function sidesOf(points: readonly Point[]): Float64Array {
  const sides = new Float64Array(points.length * 3);
  for (let i = 0; i < points.length; i++) {
    const [ax, ay] = points[i] as Point;
    const [bx, by] = points[(i + 1) % points.length] as Point;
    const length = Math.hypot(bx - ax, by - ay) || 1;
    const [a, b] = [(ay - by) / length, (bx - ax) / length];
    sides.set([a, b, -a * ax - b * ay], 3 * i);
  }
  return sides;
}

/** How far a point lies inside of all sides. */
function depth(sides: Float64Array, x: number, y: number): number {
  let least = Infinity;
  for (let i = 0; i < sides.length; i += 3)
    least = Math.min(least, (sides[i] as number) * x + (sides[i + 1] as number) * y + (sides[i + 2] as number));
  return least;
}

/**
 * Darkens convex patches as shadows do: by the fraction `darkness`, with edges as soft as `softness` (a fraction of the shorter side).
 *
 * @source Buslaev et al., "Albumentations: Fast and Flexible Image Augmentations", 2020, https://arxiv.org/abs/1809.06839,
 * `RandomShadow`. Differs: soft edges, and light is scaled in all channels.
 */
export const Shadow: Transform<Config, Params> = {
  name: "Shadow",
  version: 1,
  config: z.strictObject({
    count: whole({ min: 1, max: 20 }).default([1, 2]),
    darkness: real({ min: 0, max: 1 }).default([0.3, 0.6]),
    softness: z.number().min(0).max(1).default(0.02),
  }),
  sample(config, draw) {
    const polygons = Array.from({ length: drawWhole(config.count, draw) }, () => {
      const [x, y] = [draw.uniform(), draw.uniform(0.2, 1)];
      const [across, down, turn] = [draw.uniform(0.2, 0.6), draw.uniform(0.15, 0.4), draw.uniform(0, Math.PI)];
      // Points of an ellipse in the order of their angles make a convex polygon.
      return Array.from({ length: 5 }, (_, i): Point => {
        const angle = ((i + draw.uniform(0, 0.8)) / 5) * 2 * Math.PI;
        const [u, v] = [across * Math.cos(angle), down * Math.sin(angle)];
        return [x + u * Math.cos(turn) - v * Math.sin(turn), y + u * Math.sin(turn) + v * Math.cos(turn)];
      });
    });
    return { polygons, darkness: drawReal(config.darkness, draw), softness: config.softness };
  },
  effect: {
    kind: "pixels",
    apply(image, { polygons, darkness, softness }) {
      const { width, height } = image;
      const soft = Math.max(softness * Math.min(width, height), 1);
      const cover = new Float32Array(width * height);
      for (const polygon of polygons) {
        const sides = sidesOf(polygon.map(([x, y]): Point => [x * width, y * height]));
        for (let y = 0, i = 0; y < height; y++)
          for (let x = 0; x < width; x++, i++) {
            const inside = Math.min(Math.max(depth(sides, x + 0.5, y + 0.5) / soft + 0.5, 0), 1);
            if (inside * darkness > (cover[i] as number)) cover[i] = inside * darkness;
          }
      }
      return blendOver(image, cover, [0]);
    },
  },
};

import { z } from "zod";
import { convolve } from "../convolve.ts";
import { type Distribution, drawReal, drawWhole, real, whole } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { odd } from "./_odd.ts";

interface Config {
  /** Length of the streak [pixels]; an even one becomes the next odd one. @defaultValue [3, 9] */
  readonly size: Distribution;
  /** Direction [degrees], clockwise from upwards. @defaultValue [0, 360] */
  readonly angle: Distribution;
  /** Where the weight lies: at the start (1), at the end (-1), or equally (0). @defaultValue [-1, 1] */
  readonly direction: Distribution;
}

interface Params {
  /** Odd. */
  readonly size: number;
  readonly angle: number;
  readonly direction: number;
}

/** A line through the middle of a square, four points a pixel, each shared among the pixels around it. */
function streak({ size, angle, direction }: Params): Float32Array {
  const weights = new Float32Array(size * size);
  const radius = (size - 1) / 2;
  const radians = (angle * Math.PI) / 180;
  const steps = 4 * (size - 1);
  for (let i = 0; i <= steps; i++) {
    const along = steps === 0 ? 0 : (2 * i) / steps - 1;
    const weight = 1 + direction * along;
    const [x, y] = [radius + radius * along * Math.sin(radians), radius - radius * along * Math.cos(radians)];
    const [left, top] = [Math.min(Math.floor(x), size - 1), Math.min(Math.floor(y), size - 1)];
    for (const [u, v] of [
      [left, top],
      [left + 1, top],
      [left, top + 1],
      [left + 1, top + 1],
    ] as const) {
      const share = (1 - Math.abs(x - u)) * (1 - Math.abs(y - v));
      if (u < size && v < size) weights[v * size + u] = (weights[v * size + u] as number) + weight * share;
    }
  }
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/**
 * Blurs along a line, as if the camera or the object had moved.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `MotionBlur`.
 */
export const MotionBlur: Transform<Config, Params> = {
  name: "MotionBlur",
  version: 1,
  config: z.strictObject({
    size: whole({ min: 1, max: 99 }).default([3, 9]),
    angle: real().default([0, 360]),
    direction: real({ min: -1, max: 1 }).default([-1, 1]),
  }),
  sample: ({ size, angle, direction }, draw) => ({
    size: odd(drawWhole(size, draw)),
    angle: drawReal(angle, draw),
    direction: drawReal(direction, draw),
  }),
  effect: {
    kind: "pixels",
    apply: (image, params) =>
      params.size === 1 ? image : convolve(image, { weights: streak(params), width: params.size, height: params.size }),
  },
};

import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { blendOver } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly period: Distribution;
  readonly keep: Distribution;
  readonly angle: Distribution;
  readonly fill: number;
}

interface Params {
  /** [fraction of the shorter side] */
  readonly period: number;
  readonly keep: number;
  readonly angle: number;
  /** Of the grid, [periods]. */
  readonly offset: readonly [x: number, y: number];
  readonly fill: number;
}

/**
 * Drops the squares of a regular grid: each cell of side `period` (a fraction of the shorter side) loses a square of side
 * `(1 − keep) · period`. The grid may be turned [degrees].
 *
 * @source Chen et al., "GridMask Data Augmentation", 2020, https://arxiv.org/abs/2001.04086.
 */
export const GridMask: Transform<Config, Params> = {
  name: "GridMask",
  version: 1,
  config: z.strictObject({
    period: real({ min: 0.01, max: 2 }).default([0.15, 0.4]),
    keep: real({ min: 0, max: 1 }).default([0.5, 0.7]),
    angle: real().default(0),
    fill: z.number().min(0).max(1).default(0),
  }),
  sample: (config, draw) => ({
    period: drawReal(config.period, draw),
    keep: drawReal(config.keep, draw),
    angle: drawReal(config.angle, draw),
    offset: [draw.uniform(), draw.uniform()],
    fill: config.fill,
  }),
  effect: {
    kind: "pixels",
    apply(image, { period, keep, angle, offset, fill }) {
      const { width, height } = image;
      const side = period * Math.min(width, height);
      const [cos, sin] = [Math.cos((angle * Math.PI) / 180) / side, Math.sin((angle * Math.PI) / 180) / side];
      const isDropped = (place: number): boolean => place - Math.floor(place) < 1 - keep;
      const cover = new Float32Array(width * height);
      for (let y = 0, i = 0; y < height; y++)
        for (let x = 0; x < width; x++, i++) {
          const [u, v] = [x + 0.5, y + 0.5];
          if (isDropped(cos * u + sin * v + offset[0]) && isDropped(cos * v - sin * u + offset[1])) cover[i] = 1;
        }
      return blendOver(image, cover, [fill]);
    },
  },
};

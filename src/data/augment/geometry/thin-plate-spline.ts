import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Frame, Resample, Transform } from "../transform.ts";
import { type Displacement, displacementOf, fieldOf } from "./_displacement.ts";
import { resampleOf, resampleOptions } from "./_options.ts";
import { solve } from "./_solve.ts";

interface Config extends Resample {
  /** Deviation of the points, as a share of the image [0, 0.2]. @defaultValue [0.02, 0.06] */
  readonly scale: Distribution;
  /** Points in each direction. @defaultValue 3 */
  readonly points: number;
}

interface Params extends Resample {
  readonly points: number;
  /** How far each point's source is from it, by rows, as shares of width and height. */
  readonly offsets: readonly (readonly [x: number, y: number])[];
}

type Point = readonly [x: number, y: number];

/** r² log r, from r². */
const bend = (square: number): number => (square === 0 ? 0 : 0.5 * square * Math.log(square));

/** The smoothest function through given offsets at given points of the unit square: its two components anywhere. */
function spline(knots: readonly Point[], offsets: readonly Point[]): (x: number, y: number) => Point {
  const rows = knots.map(([x, y]) => [...knots.map(([u, v]) => bend((x - u) ** 2 + (y - v) ** 2)), 1, x, y]);
  const sides = [() => 1, ([x]: Point) => x, ([, y]: Point) => y];
  const system = [...rows, ...sides.map((side) => [...knots.map(side), 0, 0, 0])];
  const weights = ([0, 1] as const).map((k) => solve(system, [...offsets.map((offset) => offset[k]), 0, 0, 0]));
  return (x, y) => {
    const terms = [...knots.map(([u, v]) => bend((x - u) ** 2 + (y - v) ** 2)), 1, x, y];
    const [dx = 0, dy = 0] = weights.map((row) =>
      row.reduce((sum, weight, i) => sum + weight * (terms[i] as number), 0),
    );
    return [dx, dy];
  };
}

/** Displacements at every eighth pixel: the spline is smoother than that. */
function displacement({ points, offsets }: Params, { width, height }: Frame): Displacement {
  const place = (i: number): number => i / (points - 1);
  const knots = offsets.map((_, i): Point => [place(i % points), place(Math.floor(i / points))]);
  const at = spline(knots, offsets);
  const coarse = { width: Math.ceil(width / 8), height: Math.ceil(height / 8) };
  return displacementOf(coarse, (x, y, out) => {
    const [dx, dy] = at(x / coarse.width, y / coarse.height);
    out[0] = dx * width;
    out[1] = dy * height;
  });
}

/**
 * Moves a few points, and the image between them as a thin plate of metal would bend.
 *
 * @source Bookstein, "Principal Warps: Thin-Plate Splines and the Decomposition of Deformations", 1989.
 */
export const ThinPlateSpline: Transform<Config, Params> = {
  name: "ThinPlateSpline",
  version: 1,
  config: z.strictObject({
    scale: real({ min: 0, max: 0.2 }).default([0.02, 0.06]),
    points: z.int().min(2).max(8).default(3),
    ...resampleOptions,
  }),
  sample(config, draw) {
    const { points } = config;
    const scale = drawReal(config.scale, draw);
    // Less than a third of a cell: the plate does not fold.
    const most = 0.3 / (points - 1);
    const offset = (): number => Math.min(most, Math.max(-most, draw.normal(0, scale)));
    const offsets = Array.from({ length: points * points }, () => [offset(), offset()] as const);
    return { points, offsets, ...resampleOf(config) };
  },
  effect: { kind: "field", field: (params, frame) => fieldOf(displacement(params, frame), frame, resampleOf(params)) },
};

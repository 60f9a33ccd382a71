import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Frame, Resample, Transform } from "../transform.ts";
import { type Displace, displacementOf, fieldOf } from "./_displacement.ts";
import { resampleOf, resampleOptions } from "./_options.ts";

interface Config extends Resample {
  /** Deviation of the points, as a share of the image [0, 0.1]. @defaultValue [0.01, 0.04] */
  readonly scale: Distribution;
  /** Points in each direction, >= 2. @defaultValue 4 */
  readonly rows: number;
  readonly columns: number;
}

interface Params extends Resample {
  readonly rows: number;
  readonly columns: number;
  /** How far each point moves, by rows, as shares of width and height. */
  readonly offsets: readonly (readonly [x: number, y: number])[];
}

/**
 * The offset at a point: that of the three corners around it, by how near they are, in a grid whose cells are cut from top left to bottom
 * right.
 */
function offsetAt({ rows, columns, offsets }: Params, { width, height }: Frame): Displace {
  const flat = Float64Array.from(offsets.flatMap(([x, y]) => [x * width, y * height]));
  return (x, y, out) => {
    const [u, v] = [(x / width) * (columns - 1), (y / height) * (rows - 1)];
    const column = Math.min(columns - 2, Math.floor(u));
    const row = Math.min(rows - 2, Math.floor(v));
    const [s, t] = [u - column, v - row];
    const start = 2 * (row * columns + column);
    const end = start + 2 * (columns + 1);
    // Right of the diagonal the third corner is the upper right one, else the lower left.
    const third = s > t ? start + 2 : start + 2 * columns;
    const far = Math.min(s, t);
    const near = 1 - Math.max(s, t);
    const side = Math.abs(s - t);
    for (let k = 0; k < 2; k++)
      out[k] =
        near * (flat[start + k] as number) + far * (flat[end + k] as number) + side * (flat[third + k] as number);
  };
}

/**
 * Moves the points of a regular grid a little, and the image between them along, triangle by triangle.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `PiecewiseAffine`. Differs: points move less than half a cell, so
 * that no triangle is turned over.
 */
export const PiecewiseAffine: Transform<Config, Params> = {
  name: "PiecewiseAffine",
  version: 1,
  config: z.strictObject({
    scale: real({ min: 0, max: 0.1 }).default([0.01, 0.04]),
    rows: z.int().min(2).max(32).default(4),
    columns: z.int().min(2).max(32).default(4),
    ...resampleOptions,
  }),
  sample(config, draw) {
    const { rows, columns } = config;
    const scale = drawReal(config.scale, draw);
    const offset = (cells: number): number => {
      const most = 0.4 / cells;
      return Math.min(most, Math.max(-most, draw.normal(0, scale)));
    };
    const offsets = Array.from({ length: rows * columns }, () => [offset(columns - 1), offset(rows - 1)] as const);
    return { rows, columns, offsets, ...resampleOf(config) };
  },
  effect: {
    kind: "field",
    field: (params, frame) => fieldOf(displacementOf(frame, offsetAt(params, frame)), frame, resampleOf(params)),
  },
};

import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Draw, Resample, Transform } from "../transform.ts";
import { displacementOf, fieldOf } from "./_displacement.ts";
import { resampleOf, resampleOptions } from "./_options.ts";

interface Config extends Resample {
  /** Cells in each direction. @defaultValue 5 */
  readonly steps: number;
  /** How much wider or narrower a cell becomes (-0.8, 0.8). @defaultValue [-0.3, 0.3] */
  readonly limit: Distribution;
}

interface Params extends Resample {
  /** Where the borders of the cells come from, as shares of the width, from 0 to 1. */
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** Borders of cells that fill [0, 1]. */
function borders(steps: number, limit: Distribution, draw: Draw): number[] {
  const widths = Array.from({ length: steps }, () => 1 + drawReal(limit, draw));
  const total = widths.reduce((sum, width) => sum + width, 0);
  const nodes = [0];
  for (const width of widths) nodes.push((nodes.at(-1) as number) + width / total);
  nodes[steps] = 1;
  return nodes;
}

/** The piecewise linear function through the borders of equal cells. */
function along(nodes: readonly number[], position: number): number {
  const cells = nodes.length - 1;
  const cell = Math.min(cells - 1, Math.floor(position * cells));
  const [start, end] = [nodes[cell] as number, nodes[cell + 1] as number];
  return start + (end - start) * (position * cells - cell);
}

/**
 * Stretches and squeezes columns and rows of a grid.
 *
 * @source Buslaev et al., "Albumentations: Fast and Flexible Image Augmentations", 2020, https://arxiv.org/abs/1809.06839,
 * `GridDistortion` with normalised steps.
 */
export const GridDistortion: Transform<Config, Params> = {
  name: "GridDistortion",
  version: 1,
  config: z.strictObject({
    steps: z.int().min(1).max(64).default(5),
    limit: real({ min: -0.8, max: 0.8 }).default([-0.3, 0.3]),
    ...resampleOptions,
  }),
  sample: (config, draw) => ({
    x: borders(config.steps, config.limit, draw),
    y: borders(config.steps, config.limit, draw),
    ...resampleOf(config),
  }),
  effect: {
    kind: "field",
    field(params, frame) {
      const { width, height } = frame;
      const shifts = (nodes: readonly number[], length: number): Float64Array =>
        Float64Array.from({ length }, (_, i) => along(nodes, (i + 0.5) / length) * length - (i + 0.5));
      const [columns, rows] = [shifts(params.x, width), shifts(params.y, height)];
      const displacement = displacementOf(frame, (x, y, out) => {
        out[0] = columns[x - 0.5] as number;
        out[1] = rows[y - 0.5] as number;
      });
      return fieldOf(displacement, frame, resampleOf(params));
    },
  },
};

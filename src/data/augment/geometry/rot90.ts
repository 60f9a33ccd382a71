import { z } from "zod";
import { type Distribution, drawWhole, whole } from "../distribution.ts";
import { permutation, type Symmetry } from "../lossless.ts";
import type { Transform } from "../transform.ts";

interface Config {
  /** Quarter turns, clockwise. @defaultValue [1, 3] */
  readonly turns: Distribution;
}

interface Params {
  /** 0 to 3. */
  readonly turns: number;
}

const quarters: readonly Symmetry[] = [
  [1, 0, 0, 1],
  [0, -1, 1, 0],
  [-1, 0, 0, -1],
  [0, 1, -1, 0],
];

/**
 * Turns by quarters, without interpolation; the sides of the image change places with the quarter.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `Rot90` with `keep_size=False`.
 */
export const Rot90: Transform<Config, Params> = {
  name: "Rot90",
  version: 1,
  config: z.strictObject({ turns: whole().default([1, 3]) }),
  sample: ({ turns }, draw) => ({ turns: ((drawWhole(turns, draw) % 4) + 4) % 4 }),
  effect: { kind: "matrix", matrix: ({ turns }, frame) => permutation(quarters[turns] as Symmetry, frame) },
};

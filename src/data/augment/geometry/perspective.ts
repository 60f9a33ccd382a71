import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { compose, inverse, scaling } from "../matrix.ts";
import type { Matrix, Resample, Transform } from "../transform.ts";
import { resampleOf, resampleOptions } from "./_options.ts";

interface Config extends Resample {
  /** Deviation of the corners, as a share of width and height [0, 0.25]. @defaultValue [0.04, 0.1] */
  readonly scale: Distribution;
}

interface Params extends Resample {
  /** Corners of the input that become those of the output, as shares: top left, top right, bottom right, bottom left. */
  readonly corners: readonly (readonly [x: number, y: number])[];
}

/**
 * The projective map of the unit square onto a quadrilateral.
 *
 * @source Heckbert, "Fundamentals of Texture Mapping and Image Warping", 1989, section 2.2.3.
 */
function ofSquare(corners: Params["corners"]): Matrix {
  const [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = corners as [
    [number, number],
    [number, number],
    [number, number],
    [number, number],
  ];
  const [dx1, dx2, sx] = [x1 - x2, x3 - x2, x0 - x1 + x2 - x3];
  const [dy1, dy2, sy] = [y1 - y2, y3 - y2, y0 - y1 + y2 - y3];
  const determinant = dx1 * dy2 - dx2 * dy1;
  const g = (sx * dy2 - dx2 * sy) / determinant;
  const h = (dx1 * sy - sx * dy1) / determinant;
  return [x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h, 1];
}

/**
 * Looks at the image from the side: four points near its corners, moved inwards at random, are stretched to be the corners.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `PerspectiveTransform`.
 */
export const Perspective: Transform<Config, Params> = {
  name: "Perspective",
  version: 1,
  config: z.strictObject({ scale: real({ min: 0, max: 0.25 }).default([0.04, 0.1]), ...resampleOptions }),
  sample(config, draw) {
    const scale = drawReal(config.scale, draw);
    // Less than half, so that the four points stay a convex quadrilateral in their order.
    const inwards = (): number => Math.min(0.45, Math.abs(draw.normal(0, scale)));
    const corners = [
      [inwards(), inwards()],
      [1 - inwards(), inwards()],
      [1 - inwards(), 1 - inwards()],
      [inwards(), 1 - inwards()],
    ] as const;
    return { corners, ...resampleOf(config) };
  },
  effect: {
    kind: "matrix",
    matrix(params, { width, height }) {
      const ofQuadrilateral = inverse(compose(scaling(width, height), ofSquare(params.corners))) as Matrix;
      return { matrix: compose(scaling(width, height), ofQuadrilateral), width, height, resample: resampleOf(params) };
    },
  },
};

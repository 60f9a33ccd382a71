/** Affine maps about the centre of the image, as imgaug composes them. */

import type { Projection } from "../lossless.ts";
import { mapPoint, sequence, translation } from "../matrix.ts";
import type { Frame, Matrix, MatrixEffect, Resample } from "../transform.ts";
import { resampleOf } from "./_options.ts";

/** Concrete numbers of an affine map. */
export interface AffineParams extends Resample {
  readonly scaleX: number;
  readonly scaleY: number;
  /** [pixels] */
  readonly translateX: number;
  readonly translateY: number;
  /** [degrees], clockwise on screen. */
  readonly rotate: number;
  readonly shearX: number;
  readonly shearY: number;
  /** Whether the output is made large enough to hold all of the input. */
  readonly fitOutput: boolean;
}

/** What changes nothing. */
export const neutral: Omit<AffineParams, keyof Resample> = {
  scaleX: 1,
  scaleY: 1,
  translateX: 0,
  translateY: 0,
  rotate: 0,
  shearX: 0,
  shearY: 0,
  fitOutput: false,
};

const perDegree = Math.fround(Math.fround(Math.PI) / 180);

/** imgaug 0.4.0 keeps real angles in float32 and converts them there; whole numbers of degrees it converts in float64. */
function radians(degrees: number, isWhole: boolean): number {
  return isWhole ? (degrees * Math.PI) / 180 : Math.fround(Math.fround(degrees) * perDegree);
}

/** A turn, with scikit-image's sign: clockwise where y grows downwards. */
function turn(angle: number): Matrix {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [cos, -sin, 0, sin, cos, 0, 0, 0, 1];
}

/** The linear part: shear along y, then scale, shear along x and turn. */
function linearPart(params: AffineParams): Matrix {
  const { rotate, shearX, shearY } = params;
  const [scaleX, scaleY] = [Math.fround(params.scaleX), Math.fround(params.scaleY)];
  const isWhole = Number.isInteger(rotate);
  const angle = radians(rotate, isWhole);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [tanX, tanY] = [Math.tan(radians(shearX, isWhole)), Math.tan(radians(shearY, isWhole))];
  const turned: Matrix = [
    scaleX * cos,
    -scaleY * (tanX * cos + sin),
    0,
    scaleX * sin,
    -scaleY * (tanX * sin - cos),
    0,
    0,
    0,
    1,
  ];
  if (shearY === 0) return turned;
  // A shear along x between two quarter turns; imgaug's quarter has six decimals.
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: the digits are imgaug's
  const quarter = 3.141592 / 2;
  return sequence(turn(-quarter), [1, -tanY, 0, 0, 1, 0, 0, 0, 1], turn(quarter), turned);
}

/** The map of parameters, and the size of its output. */
export function affineMap(params: AffineParams, { width, height }: Pick<Frame, "width" | "height">): Projection {
  const map = sequence(
    translation(-width / 2, -height / 2),
    linearPart(params),
    translation(params.translateX, params.translateY),
    translation(width / 2, height / 2),
  );
  const resample = resampleOf(params);
  if (!params.fitOutput) return { matrix: map, width, height, resample };
  const corners = [
    mapPoint(map, 0, 0),
    mapPoint(map, width, 0),
    mapPoint(map, 0, height),
    mapPoint(map, width, height),
  ];
  const [left, top] = [Math.min(...corners.map(([x]) => x)), Math.min(...corners.map(([, y]) => y))];
  const [right, bottom] = [Math.max(...corners.map(([x]) => x)), Math.max(...corners.map(([, y]) => y))];
  // A hair less, so that rounding in a quarter turn adds no column.
  const newWidth = Math.max(1, Math.ceil(right - left - 1e-6));
  const newHeight = Math.max(1, Math.ceil(bottom - top - 1e-6));
  const shift = translation((newWidth - right - left) / 2, (newHeight - bottom - top) / 2);
  return { matrix: sequence(map, shift), width: newWidth, height: newHeight, resample };
}

/** The effect of all affine transforms. */
export const affineEffect: MatrixEffect<AffineParams> = { kind: "matrix", matrix: affineMap };

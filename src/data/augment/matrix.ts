/** 3×3 matrices that act on points: products, inverses and the usual ones. */

import type { Matrix } from "./transform.ts";

/** Leaves every point where it is. */
export const identity: Matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/** `second ∘ first`: what happens first is the right factor. */
export function compose(second: Matrix, first: Matrix): Matrix {
  const [a, b, c, d, e, f, g, h, i] = second;
  const [p, q, r, s, t, u, v, w, x] = first;
  return [
    a * p + b * s + c * v,
    a * q + b * t + c * w,
    a * r + b * u + c * x,
    d * p + e * s + f * v,
    d * q + e * t + f * w,
    d * r + e * u + f * x,
    g * p + h * s + i * v,
    g * q + h * t + i * w,
    g * r + h * u + i * x,
  ];
}

/** One map after another, in the order in which they happen. */
export function sequence(...maps: readonly Matrix[]): Matrix {
  return maps.reduce((sofar, next) => compose(next, sofar), identity);
}

/** Moves points. */
export function translation(x: number, y: number): Matrix {
  return [1, 0, x, 0, 1, y, 0, 0, 1];
}

/** Stretches about the origin. */
export function scaling(x: number, y: number): Matrix {
  return [x, 0, 0, 0, y, 0, 0, 0, 1];
}

/** Does a map about a centre instead of the origin. */
export function about(x: number, y: number, map: Matrix): Matrix {
  return sequence(translation(-x, -y), map, translation(x, y));
}

/** Whether a map keeps parallel lines parallel. */
export function isAffine(matrix: Matrix): boolean {
  return matrix[6] === 0 && matrix[7] === 0 && matrix[8] === 1;
}

/** The inverse; undefined if there is none. */
export function inverse(matrix: Matrix): Matrix | undefined {
  const [a, b, c, d, e, f, g, h, i] = matrix;
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  if (determinant === 0 || !Number.isFinite(determinant)) return undefined;
  const s = 1 / determinant;
  if (isAffine(matrix)) {
    const [A, B, D, E] = [e * s, -b * s, -d * s, a * s];
    return [A, B, -(A * c + B * f), D, E, -(D * c + E * f), 0, 0, 1];
  }
  return [
    (e * i - f * h) * s,
    (c * h - b * i) * s,
    (b * f - c * e) * s,
    (f * g - d * i) * s,
    (a * i - c * g) * s,
    (c * d - a * f) * s,
    (d * h - e * g) * s,
    (b * g - a * h) * s,
    (a * e - b * d) * s,
  ];
}

/** Where a map takes a point. */
export function mapPoint(matrix: Matrix, x: number, y: number): [x: number, y: number] {
  const [a, b, c, d, e, f, g, h, i] = matrix;
  const w = isAffine(matrix) ? 1 : g * x + h * y + i;
  return [(a * x + b * y + c) / w, (d * x + e * y + f) / w];
}

/** Paths cut to the rectangle of an image. */

import type { Path } from "./transform.ts";

type Point = readonly [x: number, y: number];

/** A half-plane: positive inside. */
type Side = (point: Point) => number;

const sidesOf = (width: number, height: number): Side[] => [
  ([x]) => x,
  ([x]) => width - x,
  ([, y]) => y,
  ([, y]) => height - y,
];

function crossing(a: Point, b: Point, side: Side): Point {
  const t = side(a) / (side(a) - side(b));
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
}

/**
 * The part of a polygon inside of the image; nothing if it is all outside. A polygon cut in two stays one, joined along the border.
 *
 * @source Sutherland and Hodgman, "Reentrant polygon clipping", CACM 1974.
 */
export function clipPolygon(path: Path, width: number, height: number): Path[] {
  let points: readonly Point[] = path.points;
  for (const side of sidesOf(width, height)) {
    const kept: Point[] = [];
    for (const [i, point] of points.entries()) {
      const previous = points.at(i - 1) as Point;
      const [isIn, wasIn] = [side(point) >= 0, side(previous) >= 0];
      if (isIn !== wasIn) kept.push(crossing(previous, point, side));
      if (isIn) kept.push(point);
    }
    points = kept;
  }
  return points.length < 3 ? [] : [{ ...path, points }];
}

/** The pieces of a line string inside of the image. */
export function clipLine(path: Path, width: number, height: number): Path[] {
  const pieces: Point[][] = [];
  let piece: Point[] = [];
  for (let i = 0; i + 1 < path.points.length; i++) {
    const [start, end] = [path.points[i] as Point, path.points[i + 1] as Point];
    const inside = clipSegment(start, end, sidesOf(width, height));
    if (inside === undefined) continue;
    const last = piece.at(-1);
    const goesOn = last !== undefined && last[0] === inside[0][0] && last[1] === inside[0][1];
    if (!goesOn) {
      piece = [inside[0]];
      pieces.push(piece);
    }
    piece.push(inside[1]);
  }
  return pieces.map((points) => ({ ...path, points }));
}

function clipSegment(start: Point, end: Point, sides: readonly Side[]): [Point, Point] | undefined {
  let [a, b] = [start, end];
  for (const side of sides) {
    const [aIn, bIn] = [side(a) >= 0, side(b) >= 0];
    if (!aIn && !bIn) return undefined;
    if (!aIn) a = crossing(a, b, side);
    else if (!bIn) b = crossing(a, b, side);
  }
  return [a, b];
}

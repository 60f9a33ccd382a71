/** Boxes, rotated boxes and outlines under a map of points. */

import type { Box, RotatedBox } from "./transform.ts";

type Point = readonly [x: number, y: number];

/** The smallest upright box around points. */
export function boundsOf(points: readonly Point[]): Pick<Box, "x1" | "y1" | "x2" | "y2"> {
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    x1 = Math.min(x1, x);
    y1 = Math.min(y1, y);
    x2 = Math.max(x2, x);
    y2 = Math.max(y2, y);
  }
  return { x1, y1, x2, y2 };
}

/** A path with `pieces` pieces for each of its edges, so that a map can bend it. Its own points stay. */
export function edgePoints(points: readonly Point[], isClosed: boolean, pieces: number): Point[] {
  const fine: Point[] = [];
  for (const [i, start] of points.entries()) {
    const end = points[i + 1] ?? (isClosed ? points[0] : undefined);
    fine.push(start);
    if (end === undefined || points.length === 1) continue;
    for (let k = 1; k < pieces; k++) {
      const t = k / pieces;
      fine.push([start[0] + (end[0] - start[0]) * t, start[1] + (end[1] - start[1]) * t]);
    }
  }
  return fine;
}

/**
 * A rotated box after a map: centre and direction of its width follow the map, and its area changes as the map changes area there.
 * Exact for rotations, flips, translations and scaling alike in both axes; else the closest that is still a rectangle.
 */
export function turnBox(box: RotatedBox, point: (x: number, y: number) => Point): RotatedBox {
  const radians = (box.angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  const half = [box.width / 2, box.height / 2] as const;
  const along = (u: number, v: number): Point =>
    point(box.x + half[0] * u * cos - half[1] * v * sin, box.y + half[0] * u * sin + half[1] * v * cos);
  const [[right, left], [bottom, top]] = [
    [along(1, 0), along(-1, 0)],
    [along(0, 1), along(0, -1)],
  ];
  const [ux, uy] = [right[0] - left[0], right[1] - left[1]];
  const [vx, vy] = [bottom[0] - top[0], bottom[1] - top[1]];
  const width = Math.hypot(ux, uy);
  const height = width === 0 ? Math.hypot(vx, vy) : Math.abs(ux * vy - uy * vx) / width;
  const [x, y] = point(box.x, box.y);
  return { ...box, x, y, width, height, angle: (Math.atan2(uy, ux) * 180) / Math.PI };
}

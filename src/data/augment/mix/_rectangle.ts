/** Rectangles of one scene laid into another: pixels, masks, and what is drawn on them. */

import type { Image } from "../../image.ts";
import type { Box, Keypoint, Mask, Scene } from "../transform.ts";

/** In continuous coordinates of the image. */
export interface Rectangle {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

interface Plane {
  readonly width: number;
  readonly height: number;
}

/**
 * Copies a rectangle of one array of pixels into another in place.
 *
 * @param scale - Pixels of these arrays per unit of the rectangle.
 * @param shift - Added to coordinates of the target to get those of the source, in the rectangle's units.
 */
function copyRectangle(
  target: { readonly data: { [index: number]: number } } & Plane,
  source: { readonly data: ArrayLike<number> } & Plane,
  channels: number,
  rectangle: Rectangle,
  scale: readonly [x: number, y: number],
  shift: readonly [x: number, y: number],
): void {
  const [dx, dy] = [Math.round(shift[0] * scale[0]), Math.round(shift[1] * scale[1])];
  const left = Math.max(Math.round(rectangle.x1 * scale[0]), 0, -dx);
  const right = Math.min(Math.round(rectangle.x2 * scale[0]), target.width, source.width - dx);
  const top = Math.max(Math.round(rectangle.y1 * scale[1]), 0, -dy);
  const bottom = Math.min(Math.round(rectangle.y2 * scale[1]), target.height, source.height - dy);
  for (let y = top; y < bottom; y++)
    for (let x = left; x < right; x++)
      for (let k = 0; k < channels; k++)
        target.data[(y * target.width + x) * channels + k] = source.data[
          ((y + dy) * source.width + x + dx) * channels + k
        ] as number;
}

/** The scale of a plane that covers the same rectangle as an image. */
const scaleOf = (plane: Plane, image: Image): readonly [number, number] => [
  plane.width / image.width,
  plane.height / image.height,
];

/** A mask whose labels can be written. */
export function copyMask(mask: Mask): Mask {
  return { ...mask, data: mask.data.slice() };
}

/**
 * Copies a rectangle of another scene: its pixels into the scene's image in place, its masks and heatmaps into copies that are returned.
 *
 * @param shift - Added to the scene's coordinates to get those of the other.
 */
export function copyPlanes(
  scene: Scene,
  other: Scene,
  rectangle: Rectangle,
  shift: readonly [x: number, y: number],
): Pick<Scene, "masks" | "heatmaps"> {
  copyRectangle(scene.image, other.image, scene.image.channels, rectangle, [1, 1], shift);
  const masks = scene.masks?.map(copyMask);
  const heatmaps = scene.heatmaps?.map((map) => ({ ...map, data: map.data.slice() }));
  for (const [i, mask] of (masks ?? []).entries()) {
    const from = other.masks?.[i];
    if (from !== undefined) copyRectangle(mask, from, 1, rectangle, scaleOf(mask, scene.image), shift);
  }
  for (const [i, map] of (heatmaps ?? []).entries()) {
    const from = other.heatmaps?.[i];
    if (from !== undefined) copyRectangle(map, from, map.channels, rectangle, scaleOf(map, scene.image), shift);
  }
  return { ...(masks && { masks }), ...(heatmaps && { heatmaps }) };
}

export const areaOf = ({ x1, y1, x2, y2 }: Rectangle): number => Math.max(x2 - x1, 0) * Math.max(y2 - y1, 0);

/** What two rectangles share; of no area where they share nothing. */
export const overlap = (a: Rectangle, b: Rectangle): Rectangle => ({
  x1: Math.max(a.x1, b.x1),
  y1: Math.max(a.y1, b.y1),
  x2: Math.min(a.x2, b.x2),
  y2: Math.min(a.y2, b.y2),
});

export const contains = ({ x1, y1, x2, y2 }: Rectangle, x: number, y: number): boolean =>
  x >= x1 && x < x2 && y >= y1 && y < y2;

/** Moves everything that is drawn on a scene. */
export function shiftTargets(scene: Scene, dx: number, dy: number): Pick<Scene, Drawn> {
  const points = (path: { readonly points: readonly (readonly [number, number])[]; readonly tag?: unknown }) => ({
    ...path,
    points: path.points.map(([x, y]) => [x + dx, y + dy] as const),
  });
  const shiftPoint = <P extends { readonly x: number; readonly y: number }>(point: P): P => ({
    ...point,
    x: point.x + dx,
    y: point.y + dy,
  });
  return {
    ...(scene.boxes && {
      boxes: scene.boxes.map((box) => ({ ...box, x1: box.x1 + dx, y1: box.y1 + dy, x2: box.x2 + dx, y2: box.y2 + dy })),
    }),
    ...(scene.rotatedBoxes && { rotatedBoxes: scene.rotatedBoxes.map(shiftPoint) }),
    ...(scene.keypoints && { keypoints: scene.keypoints.map(shiftPoint) }),
    ...(scene.polygons && { polygons: scene.polygons.map(points) }),
    ...(scene.lineStrings && { lineStrings: scene.lineStrings.map(points) }),
  };
}

/** The targets that are coordinates. */
export type Drawn = "boxes" | "rotatedBoxes" | "keypoints" | "polygons" | "lineStrings";

type Targets = Pick<Scene, Drawn>;

/** The targets of a scene that are coordinates. */
export function targetsOf(scene: Scene): Targets {
  return shiftTargets(scene, 0, 0);
}

function middleOf(points: readonly (readonly [number, number])[]): readonly [number, number] {
  const sum = points.reduce(([sx, sy], [x, y]) => [sx + x, sy + y] as const, [0, 0] as const);
  return [sum[0] / points.length, sum[1] / points.length];
}

/**
 * What of the targets is seen through a rectangle: boxes are clipped, and dropped where less than `least` of their area is left; of rotated
 * boxes, polygons and line strings those stay whose middle is inside, and are not clipped; keypoints outside are dropped.
 */
export function targetsWithin(targets: Targets, window: Rectangle, least: number): Targets {
  const clip = (box: Box): Box[] => {
    const rest = overlap(box, window);
    return areaOf(rest) > 0 && areaOf(rest) >= least * areaOf(box) ? [{ ...box, ...rest }] : [];
  };
  const hasMiddle = ({ points }: { readonly points: readonly (readonly [number, number])[] }): boolean =>
    contains(window, ...middleOf(points));
  const hasPoint = ({ x, y }: { readonly x: number; readonly y: number }): boolean => contains(window, x, y);
  return {
    ...(targets.boxes && { boxes: targets.boxes.flatMap(clip) }),
    ...(targets.rotatedBoxes && { rotatedBoxes: targets.rotatedBoxes.filter(hasPoint) }),
    ...(targets.keypoints && { keypoints: targets.keypoints.filter(hasPoint) }),
    ...(targets.polygons && { polygons: targets.polygons.filter(hasMiddle) }),
    ...(targets.lineStrings && { lineStrings: targets.lineStrings.filter(hasMiddle) }),
  };
}

/**
 * What of the targets is still seen when a rectangle covers a part: boxes with less than `least` of their area left are dropped and the others
 * kept whole; keypoints below become invisible; the rest goes by its middle.
 */
export function targetsBeside(targets: Targets, cover: Rectangle, least: number): Targets {
  const isSeen = (box: Box): boolean =>
    areaOf(box) - areaOf(overlap(box, cover)) >= Math.max(least, 1e-9) * areaOf(box);
  const hide = (point: Keypoint): Keypoint =>
    contains(cover, point.x, point.y) ? { ...point, visible: false } : point;
  const isMiddleSeen = ({ points }: { readonly points: readonly (readonly [number, number])[] }): boolean =>
    !contains(cover, ...middleOf(points));
  return {
    ...(targets.boxes && { boxes: targets.boxes.filter(isSeen) }),
    ...(targets.rotatedBoxes && { rotatedBoxes: targets.rotatedBoxes.filter(({ x, y }) => !contains(cover, x, y)) }),
    ...(targets.keypoints && { keypoints: targets.keypoints.map(hide) }),
    ...(targets.polygons && { polygons: targets.polygons.filter(isMiddleSeen) }),
    ...(targets.lineStrings && { lineStrings: targets.lineStrings.filter(isMiddleSeen) }),
  };
}

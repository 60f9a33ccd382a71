/** Everything of a scene follows one geometric map: images, masks, heatmaps, boxes, points and paths. */

import type { PixelArray } from "../image.ts";
import { boundsOf, edgePoints, turnBox } from "./shapes.ts";
import type { Box, Keypoint, Path, Scene } from "./transform.ts";

/** Values in rows, whatever they mean. */
export interface Raster<Data extends PixelArray | Int32Array = PixelArray | Int32Array> {
  readonly data: Data;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** What a raster holds: it decides how it is resampled. */
export type RasterKind = "image" | "mask" | "heatmap";

/** A geometric map of a scene. */
export interface Move {
  /** Size of the image before. */
  readonly from: { readonly width: number; readonly height: number };
  /** Size of the image after. */
  readonly width: number;
  readonly height: number;
  /** Whether lines stay straight, so that corners alone tell where a box goes. */
  readonly isStraight: boolean;
  /** A raster of any resolution, resampled to `width` × `height`. Never the same memory as its input. */
  pixels<Data extends PixelArray | Int32Array>(
    raster: Raster<Data>,
    kind: RasterKind,
    width: number,
    height: number,
  ): Raster<Data>;
  point(x: number, y: number): readonly [x: number, y: number];
}

/**
 * Applies a map to all that a scene has.
 *
 * @param scene - Left as it is.
 * @param move - The map.
 * @returns A new scene. Boxes become the upright boxes around what they were; nothing is clipped or dropped.
 */
export function moveScene(scene: Scene, move: Move): Scene {
  const { width, height, from } = move;
  const resized = <Data extends PixelArray | Int32Array>(raster: Raster<Data>, kind: RasterKind): Raster<Data> =>
    move.pixels(
      raster,
      kind,
      Math.max(1, Math.round((raster.width * width) / from.width)),
      Math.max(1, Math.round((raster.height * height) / from.height)),
    );
  const moved: { -readonly [Key in keyof Scene]: Scene[Key] } = { ...scene, image: resized(scene.image, "image") };
  if (scene.frames) moved.frames = scene.frames.map((frame) => resized(frame, "image"));
  if (scene.masks) {
    moved.masks = scene.masks.map((mask) => {
      const { data, width, height } = resized({ ...mask, channels: 1 }, "mask");
      return { data, width, height };
    });
  }
  if (scene.heatmaps) moved.heatmaps = scene.heatmaps.map((heatmap) => resized(heatmap, "heatmap"));
  if (scene.boxes) moved.boxes = scene.boxes.map((box) => moveBox(box, move));
  if (scene.rotatedBoxes) moved.rotatedBoxes = scene.rotatedBoxes.map((box) => turnBox(box, move.point));
  if (scene.keypoints) moved.keypoints = scene.keypoints.map((keypoint) => moveKeypoint(keypoint, move));
  if (scene.polygons) moved.polygons = scene.polygons.map((path) => movePath(path, move, true));
  if (scene.lineStrings) moved.lineStrings = scene.lineStrings.map((path) => movePath(path, move, false));
  return moved;
}

function moveBox(box: Box, move: Move): Box {
  const corners: [number, number][] = [
    [box.x1, box.y1],
    [box.x2, box.y1],
    [box.x2, box.y2],
    [box.x1, box.y2],
  ];
  const outline = move.isStraight ? corners : edgePoints(corners, true, 8);
  return { ...box, ...boundsOf(outline.map(([x, y]) => move.point(x, y))) };
}

function moveKeypoint(keypoint: Keypoint, move: Move): Keypoint {
  const [x, y] = move.point(keypoint.x, keypoint.y);
  const isInside = x >= 0 && y >= 0 && x < move.width && y < move.height;
  return isInside ? { ...keypoint, x, y } : { ...keypoint, x, y, visible: false };
}

function movePath(path: Path, move: Move, isClosed: boolean): Path {
  const points = move.isStraight ? path.points : edgePoints(path.points, isClosed, 8);
  return { ...path, points: points.map(([x, y]) => move.point(x, y)) };
}

/** What happens to boxes, points and paths that leave the image. */

import { z } from "zod";
import { clipLine, clipPolygon } from "./_clip.ts";
import type { Box, Scene } from "./transform.ts";

/** See {@link finishStep}. Applied after every step that moves things. */
export interface Visibility {
  /** Boxes are cut to the image and, where less is left, dropped. @defaultValue kept whole */
  readonly boxes?:
    | {
        /** Least share of a box's area that a step must leave in the image, [0, 1]. @defaultValue 0 */
        readonly minShare?: number | undefined;
        /** Least area [pixels]. @defaultValue 0 */
        readonly minArea?: number | undefined;
      }
    | undefined;
  /** Points outside are dropped instead of being marked. @defaultValue false */
  readonly dropKeypoints?: boolean | undefined;
  /** Polygons and line strings are cut to the image; what leaves it wholly is dropped. @defaultValue false */
  readonly clipPaths?: boolean | undefined;
}

/** Schema of {@link Visibility}. */
export const visibilitySchema: z.ZodType<Visibility> = z.strictObject({
  boxes: z
    .strictObject({ minShare: z.number().min(0).max(1).optional(), minArea: z.number().min(0).optional() })
    .optional(),
  dropKeypoints: z.boolean().optional(),
  clipPaths: z.boolean().optional(),
});

/** Makes the function that tidies a scene after a step. */
export function finishStep(visibility: Visibility = {}): (scene: Scene) => Scene {
  const { boxes, dropKeypoints = false, clipPaths = false } = visibility;
  if (boxes === undefined && !dropKeypoints && !clipPaths) return (scene) => scene;
  return (scene) => {
    const { width, height } = scene.image;
    const tidy: { -readonly [Key in keyof Scene]: Scene[Key] } = { ...scene };
    if (boxes && scene.boxes)
      tidy.boxes = scene.boxes.flatMap((box) => clipBox(box, width, height, boxes.minShare ?? 0, boxes.minArea ?? 0));
    if (dropKeypoints && scene.keypoints)
      tidy.keypoints = scene.keypoints.filter(({ x, y }) => x >= 0 && y >= 0 && x < width && y < height);
    if (clipPaths && scene.polygons) tidy.polygons = scene.polygons.flatMap((path) => clipPolygon(path, width, height));
    if (clipPaths && scene.lineStrings)
      tidy.lineStrings = scene.lineStrings.flatMap((path) => clipLine(path, width, height));
    return tidy;
  };
}

function clipBox(box: Box, width: number, height: number, minShare: number, minArea: number): Box[] {
  const [x1, y1] = [Math.max(0, box.x1), Math.max(0, box.y1)];
  const [x2, y2] = [Math.min(width, box.x2), Math.min(height, box.y2)];
  if (x2 <= x1 || y2 <= y1) return [];
  const area = (x2 - x1) * (y2 - y1);
  const whole = (box.x2 - box.x1) * (box.y2 - box.y1);
  return area < minArea || area < minShare * whole ? [] : [{ ...box, x1, y1, x2, y2 }];
}

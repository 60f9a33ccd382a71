/** A scene at another size. */

import { moveScene } from "../move-scene.ts";
import { type ResizeInterpolation, resize } from "../resize.ts";
import type { Scene } from "../transform.ts";

/** Resizes all of a scene: labels by the nearest neighbour, heatmaps by area or linearly. */
export function resizeScene(scene: Scene, width: number, height: number, interpolation: ResizeInterpolation): Scene {
  const { width: oldWidth, height: oldHeight } = scene.image;
  if (oldWidth === width && oldHeight === height) return scene;
  const how = { image: interpolation, mask: "nearest", heatmap: "area" } as const;
  return moveScene(scene, {
    from: { width: oldWidth, height: oldHeight },
    width,
    height,
    isStraight: true,
    point: (x, y) => [(x * width) / oldWidth, (y * height) / oldHeight],
    pixels: (raster, kind, newWidth, newHeight) => resize(raster, newWidth, newHeight, how[kind]),
  });
}

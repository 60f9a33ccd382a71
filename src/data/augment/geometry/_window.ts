/** Scenes seen through an upright window: crops, and pads where the window is larger. */

import type { PixelArray } from "../../image.ts";
import { translation } from "../matrix.ts";
import { matrixMove } from "../matrix-move.ts";
import { type Move, moveScene, type Raster } from "../move-scene.ts";
import type { Resample, Scene } from "../transform.ts";

/** A window in whole pixels of the image; it may reach beyond it. */
export interface Window {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What a window shows, and how it is filled outside of the image. */
export function throughWindow(scene: Scene, window: Window, outside: Pick<Resample, "border" | "fill">): Scene {
  const { x, y, width, height } = window;
  const from = scene.image;
  const resample = { ...outside, interpolation: "nearest" } as const;
  const general = matrixMove({ matrix: translation(-x, -y), width, height, resample }, from, "exact");
  const isInside = x >= 0 && y >= 0 && x + width <= from.width && y + height <= from.height;
  const move: Move = {
    ...general,
    pixels: (raster, kind, newWidth, newHeight) =>
      isInside && raster.width === from.width && raster.height === from.height
        ? cut(raster, window)
        : general.pixels(raster, kind, newWidth, newHeight),
  };
  return moveScene(scene, move);
}

function cut<Data extends PixelArray | Int32Array>(
  raster: Raster<Data>,
  { x, y, width, height }: Window,
): Raster<Data> {
  const { channels } = raster;
  const data = new (raster.data.constructor as new (length: number) => Data)(width * height * channels);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * raster.width + x) * channels;
    data.set(raster.data.subarray(from, from + width * channels), row * width * channels);
  }
  return { data, width, height, channels };
}

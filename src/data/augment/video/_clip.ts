/** A scene as a list of frames. */

import type { Image } from "../../image.ts";
import type { Scene } from "../transform.ts";

/** All frames, the first included. */
export function framesOf(scene: Scene): readonly Image[] {
  return [scene.image, ...(scene.frames ?? [])];
}

/** The scene with the frames of these numbers, at least one. */
export function pickFrames(scene: Scene, indices: readonly number[]): Scene {
  const frames = framesOf(scene);
  const [image = scene.image, ...rest] = indices.map((index) => frames[index] as Image);
  return scene.frames === undefined ? scene : { ...scene, image, frames: rest };
}

/** Rectangles that are painted over, and what then can no longer be seen. */

import { z } from "zod";
import type { Image } from "../../image.ts";
import { colorsOf, limitOf, quantizer, withData } from "../pixels.ts";
import type { Box, Keypoint, Scene, SceneEffect } from "../transform.ts";
import { normalField } from "./field.ts";

/** A rectangle as fractions of the image. */
export interface Patch {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** What fills a patch: a fraction of the range, or normal noise about the middle of it. */
export type Fill = number | "noise";

/** Parameters of what erases patches: the record of one application. */
export interface EraseParams {
  readonly patches: readonly Patch[];
  readonly fill: Fill;
  readonly hides: boolean;
  readonly seed: number;
}

/** What a configuration may say of a patch's filling. */
export const fillOption: z.ZodUnion<[z.ZodNumber, z.ZodLiteral<"noise">]> = z.union([
  z.number().min(0).max(1),
  z.literal("noise"),
]);

/** Paints the patches; `seed` is for noise. */
function paint(image: Image, patches: readonly Patch[], fill: Fill, seed: number): Image {
  const { width, height, channels } = image;
  const [limit, colors, quantize] = [limitOf(image), colorsOf(image), quantizer(image)];
  const noise = fill === "noise" ? normalField(seed, image.data.length) : undefined;
  const value = fill === "noise" ? 0 : quantize(fill * limit);
  const output = image.data.slice();
  for (const patch of patches)
    for (let y = Math.round(patch.y1 * height); y < Math.round(patch.y2 * height); y++)
      for (let x = Math.round(patch.x1 * width); x < Math.round(patch.x2 * width); x++)
        for (let i = (y * width + x) * channels, end = i + colors; i < end; i++)
          output[i] = noise === undefined ? value : quantize((0.5 + 0.25 * (noise[i] as number)) * limit);
  return withData(image, output);
}

const covers = (patch: Patch, x: number, y: number): boolean =>
  x >= patch.x1 && x < patch.x2 && y >= patch.y1 && y < patch.y2;

/** Erases patches of every image; `hides` marks keypoints below a patch invisible and drops boxes that lie wholly below one. */
export const eraseEffect: SceneEffect<EraseParams> = { kind: "scene", apply: erase };

function erase(scene: Scene, { patches, fill, seed, hides }: EraseParams): Scene {
  const erased: Scene = {
    ...scene,
    image: paint(scene.image, patches, fill, seed),
    ...(scene.frames && { frames: scene.frames.map((frame) => paint(frame, patches, fill, seed)) }),
  };
  if (!hides) return erased;
  const { width, height } = scene.image;
  const hidesPoint = ({ x, y }: Keypoint): boolean => patches.some((patch) => covers(patch, x / width, y / height));
  const hidesBox = ({ x1, y1, x2, y2 }: Box): boolean =>
    patches.some(
      (patch) => x1 / width >= patch.x1 && x2 / width <= patch.x2 && y1 / height >= patch.y1 && y2 / height <= patch.y2,
    );
  return {
    ...erased,
    ...(scene.keypoints && {
      keypoints: scene.keypoints.map((point) => (hidesPoint(point) ? { ...point, visible: false } : point)),
    }),
    ...(scene.boxes && { boxes: scene.boxes.filter((box) => !hidesBox(box)) }),
  };
}

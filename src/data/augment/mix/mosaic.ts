import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { arrayLike, limitOf, withData } from "../pixels.ts";
import type { Scene, Transform } from "../transform.ts";
import { joinTargets, mixLabels, requireAlike, requirePlanes } from "./_blend.ts";
import { areaOf, copyPlanes, type Rectangle, shiftTargets, targetsWithin } from "./_rectangle.ts";

interface Config {
  readonly centre: Distribution;
  readonly fill: number;
  readonly minVisible: number;
}

interface Params {
  /** Where the four meet, whole pixels. */
  readonly x: number;
  readonly y: number;
  readonly fill: number;
  readonly minVisible: number;
}

function mosaic(scene: Scene, others: readonly Scene[], { x, y, fill, minVisible }: Params): Scene {
  const { width, height, channels } = scene.image;
  const scenes = [scene, ...others];
  for (const other of others) {
    requireAlike("Mosaic", scene.image, other.image, "kind");
    requirePlanes("Mosaic", scene, other);
  }
  const value = fill * limitOf(scene.image);
  const image = withData(scene.image, arrayLike(scene.image, width * height * channels).fill(value));
  const blank: Scene = {
    ...scene,
    image,
    ...(scene.masks && { masks: scene.masks.map((mask) => ({ ...mask, data: mask.data.slice().fill(0) })) }),
    ...(scene.heatmaps && { heatmaps: scene.heatmaps.map((map) => ({ ...map, data: map.data.slice().fill(0) })) }),
  };
  let target = blank;
  const parts = scenes.map((part, i) => {
    const [isRight, isLower] = [i % 2 === 1, i >= 2];
    // Each image touches the meeting point with the corner that faces it.
    const [dx, dy] = [isRight ? x : x - part.image.width, isLower ? y : y - part.image.height];
    const tile: Rectangle = {
      x1: Math.max(isRight ? x : 0, dx),
      y1: Math.max(isLower ? y : 0, dy),
      x2: Math.min(isRight ? width : x, dx + part.image.width),
      y2: Math.min(isLower ? height : y, dy + part.image.height),
    };
    target = { ...target, ...copyPlanes(target, part, tile, [-dx, -dy]) };
    return { targets: targetsWithin(shiftTargets(part, dx, dy), tile, minVisible), area: areaOf(tile) };
  });
  const total = parts.reduce((sum, { area }) => sum + area, 0);
  return {
    ...target,
    ...joinTargets(parts.map(({ targets }) => targets)),
    ...mixLabels(
      "Mosaic",
      scenes,
      parts.map(({ area }) => area / total),
    ),
  };
}

/**
 * Puts four samples around a point: each shows the part that fits, at its own scale, with a corner at the point (`centre`, fractions of the
 * image, drawn for both directions). The result has the first image's size; what smaller images leave free is `fill`.
 *
 * Boxes are clipped and dropped when less than `minVisible` is left; labels are weighted by the areas. Masks and heatmaps must be as many
 * in all samples and have the same resolution relative to their image.
 *
 * @source Bochkovskiy, Wang and Liao, "YOLOv4: Optimal Speed and Accuracy of Object Detection", 2020, https://arxiv.org/abs/2004.10934.
 */
export const Mosaic: Transform<Config, Params> = {
  name: "Mosaic",
  version: 1,
  config: z.strictObject({
    centre: real({ min: 0.05, max: 0.95 }).default([0.3, 0.7]),
    fill: z.number().min(0).max(1).default(0.45),
    minVisible: z.number().min(0).max(1).default(0.3),
  }),
  sample: ({ centre, fill, minVisible }, draw, { width, height }) => ({
    x: Math.round(drawReal(centre, draw) * width),
    y: Math.round(drawReal(centre, draw) * height),
    fill,
    minVisible,
  }),
  effect: { kind: "mix", others: () => 3, apply: mosaic },
};

import { z } from "zod";
import type { ResizeInterpolation } from "../resize.ts";
import { boundsOf } from "../shapes.ts";
import type { Scene, Transform } from "../transform.ts";
import { resizeScene } from "./_resize-scene.ts";
import { resizeOption, type Size } from "./_size.ts";
import { throughWindow, type Window } from "./_window.ts";

interface Config extends Size {
  /** @defaultValue "area" */
  readonly interpolation: ResizeInterpolation;
}

interface Params extends Config {
  /** How far each side goes from the edge of the image, 0, to the edge of the boxes, 1. */
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The window between the image and all of its boxes. */
function safeWindow({ image, boxes = [] }: Scene, { left, top, right, bottom }: Params): Window {
  const corners = boxes.flatMap(({ x1, y1, x2, y2 }) => [[x1, y1] as const, [x2, y2] as const]);
  // Without boxes, half of the image may go at each side.
  const whole = { x1: image.width / 2, y1: image.height / 2, x2: image.width / 2, y2: image.height / 2 };
  const inner = corners.length === 0 ? whole : boundsOf(corners);
  const x1 = Math.floor(Math.max(0, Math.min(inner.x1, image.width - 1)) * left);
  const y1 = Math.floor(Math.max(0, Math.min(inner.y1, image.height - 1)) * top);
  const x2 = Math.ceil(image.width - (image.width - Math.min(image.width, Math.max(inner.x2, x1 + 1))) * right);
  const y2 = Math.ceil(image.height - (image.height - Math.min(image.height, Math.max(inner.y2, y1 + 1))) * bottom);
  return { x: x1, y: y1, width: Math.max(1, x2 - x1), height: Math.max(1, y2 - y1) };
}

/**
 * A random part of the image that holds all boxes whole, at a fixed size.
 *
 * @source Buslaev et al., "Albumentations: Fast and Flexible Image Augmentations", 2020, https://arxiv.org/abs/1809.06839,
 * `RandomSizedBBoxSafeCrop`.
 */
export const RandomSizedBBoxSafeCrop: Transform<Config, Params> = {
  name: "RandomSizedBBoxSafeCrop",
  version: 1,
  config: z.strictObject({ width: z.int().min(1), height: z.int().min(1), interpolation: resizeOption }),
  sample: (config, draw) => ({
    ...config,
    left: draw.uniform(),
    top: draw.uniform(),
    right: draw.uniform(),
    bottom: draw.uniform(),
  }),
  effect: {
    kind: "scene",
    apply(scene, params) {
      const part = throughWindow(scene, safeWindow(scene, params), { border: "constant", fill: 0 });
      return resizeScene(part, params.width, params.height, params.interpolation);
    },
  },
};

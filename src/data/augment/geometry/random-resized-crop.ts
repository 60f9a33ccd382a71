import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { ResizeInterpolation } from "../resize.ts";
import type { Draw, Frame, Transform } from "../transform.ts";
import { resizeScene } from "./_resize-scene.ts";
import { resizeOption, type Size } from "./_size.ts";
import { throughWindow, type Window } from "./_window.ts";

interface Config extends Size {
  /** Share of the area that is kept (0, 1]. @defaultValue [0.08, 1] */
  readonly scale: Distribution;
  /** Width over height of what is kept, drawn on a logarithmic scale. @defaultValue [3/4, 4/3] */
  readonly ratio: readonly [low: number, high: number];
  /** @defaultValue "area" */
  readonly interpolation: ResizeInterpolation;
}

interface Params extends Window {
  readonly outWidth: number;
  readonly outHeight: number;
  readonly interpolation: ResizeInterpolation;
}

/** A window of random area and shape; after ten that do not fit, the largest in the middle of an allowed shape. */
function windowOf({ scale, ratio }: Config, draw: Draw, frame: Frame): Window {
  const [low, high] = ratio;
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = frame.width * frame.height * drawReal(scale, draw);
    const shape = Math.exp(draw.uniform(Math.log(low), Math.log(high)));
    const [width, height] = [Math.round(Math.sqrt(area * shape)), Math.round(Math.sqrt(area / shape))];
    if (width > 0 && height > 0 && width <= frame.width && height <= frame.height)
      return { x: draw.integer(0, frame.width - width), y: draw.integer(0, frame.height - height), width, height };
  }
  const shape = Math.min(high, Math.max(low, frame.width / frame.height));
  const width = Math.max(1, Math.min(frame.width, Math.round(frame.height * shape)));
  const height = Math.max(1, Math.min(frame.height, Math.round(frame.width / shape)));
  return { x: Math.floor((frame.width - width) / 2), y: Math.floor((frame.height - height) / 2), width, height };
}

/**
 * A random part of the image at a fixed size: the usual first step of training on ImageNet.
 *
 * @source Szegedy et al., "Going Deeper with Convolutions", 2015, https://arxiv.org/abs/1409.4842, section 6; bounds as in torchvision.
 */
export const RandomResizedCrop: Transform<Config, Params> = {
  name: "RandomResizedCrop",
  version: 1,
  config: z.strictObject({
    width: z.int().min(1),
    height: z.int().min(1),
    scale: real({ min: 1e-6, max: 1 }).default([0.08, 1]),
    ratio: z
      .tuple([z.number().min(1e-3), z.number().min(1e-3)])
      .refine(([low, high]) => low <= high, "a range is [low, high] with low <= high")
      .default([3 / 4, 4 / 3]),
    interpolation: resizeOption,
  }),
  sample: (config, draw, frame) => ({
    ...windowOf(config, draw, frame),
    outWidth: config.width,
    outHeight: config.height,
    interpolation: config.interpolation,
  }),
  effect: {
    kind: "scene",
    apply(scene, params) {
      const part = throughWindow(scene, params, { border: "constant", fill: 0 });
      return resizeScene(part, params.outWidth, params.outHeight, params.interpolation);
    },
  },
};

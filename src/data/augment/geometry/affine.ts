import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Resample, Transform } from "../transform.ts";
import { type AffineParams, affineEffect } from "./_affine.ts";
import { drawPerAxis, type PerAxis, perAxis, resampleOf, resampleOptions } from "./_options.ts";

interface Config extends Resample {
  /** Factor. */
  readonly scale?: PerAxis | undefined;
  /** Share of width and height. */
  readonly translatePercent?: PerAxis | undefined;
  /** [pixels] */
  readonly translatePx?: PerAxis | undefined;
  /** [degrees], clockwise on screen. */
  readonly rotate?: Distribution | undefined;
  /** [degrees]; a single value shears along x. */
  readonly shear?: PerAxis | undefined;
  readonly fitOutput: boolean;
}

/** What imgaug does where nothing is said. */
const defaults = {
  scale: { x: [0.9, 1.1], y: [0.9, 1.1] },
  translatePercent: { x: [-0.1, 0.1], y: [-0.1, 0.1] },
  rotate: [-15, 15],
  shear: { x: [-10, 10], y: [-10, 10] },
} as const;

/**
 * Scales, shears, turns and moves about the centre of the image.
 *
 * Without any of `scale`, `translatePercent`, `translatePx`, `rotate` and `shear` it does a little of each, as in imgaug; with one, the
 * others do nothing. Bytes are those of imgaug 0.4.0 under the profile `opencv4` for turns, moves and equal scaling of both axes.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `Affine`.
 */
export const Affine: Transform<Config, AffineParams> = {
  name: "Affine",
  version: 1,
  config: z
    .strictObject({
      scale: perAxis(real({ min: 1e-3 })).optional(),
      translatePercent: perAxis(real()).optional(),
      translatePx: perAxis(real()).optional(),
      rotate: real().optional(),
      shear: perAxis(real({ min: -89, max: 89 })).optional(),
      fitOutput: z.boolean().default(false),
      ...resampleOptions,
    })
    .refine(
      ({ translatePercent, translatePx }) => translatePercent === undefined || translatePx === undefined,
      "takes translatePercent or translatePx",
    ),
  sample(config, draw, { width, height }) {
    const { scale, translatePercent, translatePx, rotate, shear } = config;
    const isBare = [scale, translatePercent, translatePx, rotate, shear].every((option) => option === undefined);
    const own = isBare ? { ...config, ...defaults } : config;
    const [scaleX, scaleY] = drawPerAxis(own.scale ?? 1, draw, 1);
    const [shareX, shareY] = drawPerAxis(own.translatePercent ?? 0, draw, 0);
    const [pixelsX, pixelsY] = drawPerAxis(own.translatePx ?? 0, draw, 0);
    const { shear: shearing = 0 } = own;
    const isPerAxis = typeof shearing === "object" && ("x" in shearing || "y" in shearing);
    const turned = drawReal(own.rotate ?? 0, draw);
    const [shearX, shearY] = isPerAxis ? drawPerAxis(shearing, draw, 0) : [drawReal(shearing as Distribution, draw), 0];
    return {
      scaleX,
      scaleY,
      translateX: Math.fround(Math.fround(shareX) * width) + pixelsX,
      translateY: Math.fround(Math.fround(shareY) * height) + pixelsY,
      rotate: turned,
      shearX,
      shearY,
      fitOutput: config.fitOutput,
      ...resampleOf(config),
    };
  },
  effect: affineEffect,
};

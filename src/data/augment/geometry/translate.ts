import { z } from "zod";
import { real } from "../distribution.ts";
import type { Resample, Transform } from "../transform.ts";
import { type AffineParams, affineEffect, neutral } from "./_affine.ts";
import { drawPerAxis, type PerAxis, perAxis, resampleOf, resampleOptions } from "./_options.ts";

interface Config extends Resample {
  /** Share of width and height; one value serves both axes. @defaultValue { x: [-0.1, 0.1], y: [-0.1, 0.1] } */
  readonly percent?: PerAxis | undefined;
  /** Instead of `percent` [pixels]. */
  readonly px?: PerAxis | undefined;
}

/**
 * Moves what the image shows.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `TranslateX` and `TranslateY`.
 */
export const Translate: Transform<Config, AffineParams> = {
  name: "Translate",
  version: 1,
  config: z
    .strictObject({ percent: perAxis(real()).optional(), px: perAxis(real()).optional(), ...resampleOptions })
    .refine(({ percent, px }) => percent === undefined || px === undefined, "takes percent or px"),
  sample({ percent, px, ...config }, draw, { width, height }) {
    const shares = px === undefined ? (percent ?? { x: [-0.1, 0.1], y: [-0.1, 0.1] }) : 0;
    const [shareX, shareY] = drawPerAxis(shares, draw, 0);
    const [pixelsX, pixelsY] = drawPerAxis(px ?? 0, draw, 0);
    const [translateX, translateY] = [shareX * width + pixelsX, shareY * height + pixelsY];
    return { ...neutral, translateX, translateY, ...resampleOf(config) };
  },
  effect: affineEffect,
};

import { z } from "zod";
import { type Distribution, drawWhole, whole } from "../distribution.ts";
import type { Resample, Transform } from "../transform.ts";
import { borderOptions } from "./_options.ts";
import { throughWindow, type Window } from "./_window.ts";

interface Config extends Pick<Resample, "border" | "fill"> {
  /** Added at each side [pixels], drawn for each side. @defaultValue [0, 16] */
  readonly px: Distribution;
}

type Params = Window & Pick<Resample, "border" | "fill">;

/**
 * Adds a strip of random width to each side; the image becomes larger.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `Pad` with `keep_size=False`.
 */
export const Pad: Transform<Config, Params> = {
  name: "Pad",
  version: 1,
  config: z.strictObject({ px: whole({ min: 0, max: 16384 }).default([0, 16]), ...borderOptions }),
  sample({ px, border, fill }, draw, { width, height }) {
    const [left, right, top, bottom] = [
      drawWhole(px, draw),
      drawWhole(px, draw),
      drawWhole(px, draw),
      drawWhole(px, draw),
    ];
    return { x: -left, y: -top, width: width + left + right, height: height + top + bottom, border, fill };
  },
  effect: { kind: "scene", apply: (scene, params) => throughWindow(scene, params, params) },
};

import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import type { Transform } from "../transform.ts";
import { throughWindow, type Window } from "./_window.ts";

interface Config {
  /** Share that is cut off at each side [0, 0.49], drawn for each side. @defaultValue [0, 0.1] */
  readonly percent: Distribution;
}

/**
 * Cuts a random strip off each side; the image becomes smaller.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `Crop` with `keep_size=False`.
 */
export const Crop: Transform<Config, Window> = {
  name: "Crop",
  version: 1,
  config: z.strictObject({ percent: real({ min: 0, max: 0.49 }).default([0, 0.1]) }),
  sample({ percent }, draw, { width, height }) {
    const strip = (length: number): number => Math.floor(drawReal(percent, draw) * length);
    const [left, right, top, bottom] = [strip(width), strip(width), strip(height), strip(height)];
    return { x: left, y: top, width: width - left - right, height: height - top - bottom };
  },
  effect: { kind: "scene", apply: (scene, window) => throughWindow(scene, window, { border: "constant", fill: 0 }) },
};

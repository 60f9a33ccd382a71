import { z } from "zod";
import type { Resample, Transform } from "../transform.ts";
import { borderOptions } from "./_options.ts";
import { throughWindow, type Window } from "./_window.ts";

interface Config extends Pick<Resample, "border" | "fill"> {
  /** Least size of the output [pixels]. */
  readonly width: number;
  readonly height: number;
  /** Where the image goes. @defaultValue "center" */
  readonly position: "center" | "top-left" | "random";
}

type Params = Window & Pick<Resample, "border" | "fill">;

/**
 * Pads images that are smaller than a size up to it; larger ones stay as they are.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `PadToFixedSize`.
 */
export const PadToSize: Transform<Config, Params> = {
  name: "PadToSize",
  version: 1,
  config: z.strictObject({
    width: z.int().min(1),
    height: z.int().min(1),
    position: z.enum(["center", "top-left", "random"]).default("center"),
    ...borderOptions,
  }),
  sample({ position, border, fill, ...config }, draw, frame) {
    const [width, height] = [Math.max(config.width, frame.width), Math.max(config.height, frame.height)];
    const before = (missing: number): number =>
      position === "random" ? draw.integer(0, missing) : position === "center" ? Math.floor(missing / 2) : 0;
    return { x: 0 - before(width - frame.width), y: 0 - before(height - frame.height), width, height, border, fill };
  },
  effect: { kind: "scene", apply: (scene, params) => throughWindow(scene, params, params) },
};

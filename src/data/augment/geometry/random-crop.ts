import { z } from "zod";
import type { Draw, Resample, Transform } from "../transform.ts";
import { borderOptions } from "./_options.ts";
import { throughWindow, type Window } from "./_window.ts";

interface Config extends Pick<Resample, "border" | "fill"> {
  /** [pixels] */
  readonly width: number;
  readonly height: number;
}

type Params = Window & Pick<Resample, "border" | "fill">;

/** Where a window starts along one axis: anywhere inside, or centred where there is not enough. */
function start(available: number, wanted: number, draw: Draw): number {
  return wanted <= available ? draw.integer(0, available - wanted) : Math.floor((available - wanted) / 2);
}

/**
 * Keeps a part of fixed size from a random place; where the image is smaller, its border is filled.
 *
 * @source Paszke et al., torchvision, https://github.com/pytorch/vision, `RandomCrop`.
 */
export const RandomCrop: Transform<Config, Params> = {
  name: "RandomCrop",
  version: 1,
  config: z.strictObject({ width: z.int().min(1), height: z.int().min(1), ...borderOptions }),
  sample: (config, draw, { width, height }) => ({
    ...config,
    x: start(width, config.width, draw),
    y: start(height, config.height, draw),
  }),
  effect: { kind: "scene", apply: (scene, params) => throughWindow(scene, params, params) },
};

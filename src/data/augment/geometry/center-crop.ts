import { z } from "zod";
import type { Resample, Transform } from "../transform.ts";
import { borderOptions } from "./_options.ts";
import { throughWindow, type Window } from "./_window.ts";

interface Config extends Pick<Resample, "border" | "fill"> {
  /** [pixels] */
  readonly width: number;
  readonly height: number;
}

type Params = Window & Pick<Resample, "border" | "fill">;

/**
 * Keeps the middle of the image at a fixed size; where the image is smaller, its border is filled.
 *
 * @source Paszke et al., torchvision, https://github.com/pytorch/vision, `CenterCrop`.
 */
export const CenterCrop: Transform<Config, Params> = {
  name: "CenterCrop",
  version: 1,
  config: z.strictObject({ width: z.int().min(1), height: z.int().min(1), ...borderOptions }),
  sample: (config, _, { width, height }) => ({
    ...config,
    x: Math.round((width - config.width) / 2),
    y: Math.round((height - config.height) / 2),
  }),
  effect: { kind: "scene", apply: (scene, params) => throughWindow(scene, params, params) },
};

/** What transforms to another size share. */

import { z } from "zod";
import type { ResizeInterpolation } from "../resize.ts";
import type { Frame } from "../transform.ts";

/** Schema of the interpolation of a resize. */
export const resizeOption: z.ZodType<ResizeInterpolation> = z
  .enum(["nearest", "linear", "cubic", "area"])
  .default("area");

/** A size in whole pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The frame times a factor, at least one pixel. */
export function scaledSize({ width, height }: Pick<Frame, "width" | "height">, factor: number): Size {
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
}

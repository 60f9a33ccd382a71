/** Options that geometric transforms share. */

import { z } from "zod";
import type { Distribution } from "../distribution.ts";
import { drawReal } from "../distribution.ts";
import type { Draw, Resample } from "../transform.ts";

/** How what lies outside of the image is filled. */
export const borderOptions: {
  readonly border: z.ZodType<Resample["border"]>;
  readonly fill: z.ZodType<number>;
} = {
  border: z.enum(["constant", "edge", "symmetric", "reflect", "wrap"]).default("constant"),
  fill: z.number().default(0),
};

/** How the image is resampled, and how what lies outside is filled. */
export const resampleOptions: { readonly [Option in keyof Resample]: z.ZodType<Resample[Option]> } = {
  interpolation: z.enum(["nearest", "linear", "cubic"]).default("linear"),
  ...borderOptions,
};

/** The resampling options of a configuration or of parameters. */
export function resampleOf({ interpolation, border, fill }: Resample): Resample {
  return { interpolation, border, fill };
}

/** A distribution for each axis, or one whose value serves both. */
export type PerAxis = Distribution | { readonly x?: Distribution | undefined; readonly y?: Distribution | undefined };

/** Schema of {@link PerAxis}. */
export function perAxis(distribution: z.ZodType<Distribution>): z.ZodType<PerAxis> {
  const axes = z
    .strictObject({ x: distribution.optional(), y: distribution.optional() })
    .refine(({ x, y }) => x !== undefined || y !== undefined, "needs x or y");
  return z.union([distribution, axes]);
}

/** Values for both axes; an axis that was left out has the `neutral` one. */
export function drawPerAxis(value: PerAxis, draw: Draw, neutral: number): readonly [x: number, y: number] {
  if (typeof value === "object" && ("x" in value || "y" in value))
    return [drawReal(value.x ?? neutral, draw), drawReal(value.y ?? neutral, draw)];
  const both = drawReal(value as Distribution, draw);
  return [both, both];
}

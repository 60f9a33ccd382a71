/** How noise meets an image. */

import { z } from "zod";
import type { Image } from "../../image.ts";
import { colorsOf, draftOf, limitOf, settled, withData } from "../pixels.ts";
import type { Draw } from "../transform.ts";
import { addNoise, laplaceField, normalField } from "./field.ts";

/** What every noise has: whether channels get noise of their own, or all of a pixel the same. */
export interface NoiseParams {
  readonly perChannel: boolean;
  /** Of the field of noise. */
  readonly seed: number;
}

/** The part of a noise's configuration that all share. */
export const perChannel: z.ZodType<boolean> = z.boolean().default(true);

/** How many random numbers an image needs. */
export function sizeOfNoise({ width, height, channels }: Image, isPerChannel: boolean): number {
  return width * height * (isPerChannel ? channels : 1);
}

/**
 * Gives every colour value another one that depends on its random number too.
 *
 * @param field - A number per value, or per pixel: {@link sizeOfNoise} many.
 * @param change - From a value, its random number, the largest of the element type, and the number's index; the result is clipped and rounded.
 */
export function mapWithNoise(
  image: Image,
  field: Float32Array,
  change: (value: number, noise: number, limit: number, index: number) => number,
): Image {
  const { data, channels } = image;
  const [limit, colors, draft] = [limitOf(image), colorsOf(image), draftOf(image)];
  const isPerChannel = field.length === data.length;
  for (let i = 0, pixel = 0; i < data.length; i += channels, pixel++)
    for (let k = 0; k < colors; k++) {
      const index = isPerChannel ? i + k : pixel;
      draft[i + k] = change(data[i + k] as number, field[index] as number, limit, index);
    }
  return settled(image, draft);
}

/** Adds `scale` (a fraction of the range) times variates of a kind. 8-bit values without alpha never leave the kernel on the way. */
export function withNoise(
  image: Image,
  kind: "normals" | "laplaces",
  scale: number,
  { perChannel, seed }: NoiseParams,
): Image {
  if (image.data instanceof Uint8Array && perChannel && image.channels !== 4)
    return withData(image, addNoise(image.data, kind, seed, scale * 255));
  const fieldOf = kind === "normals" ? normalField : laplaceField;
  const field = fieldOf(seed, sizeOfNoise(image, perChannel));
  return mapWithNoise(image, field, (value, noise, limit) => value + noise * scale * limit);
}

/**
 * Replaces the colour values whose random number is below `fraction`.
 *
 * @param field - A number per value, or per pixel.
 * @param valueAt - The new value, a fraction of the range, from the random number and its index.
 */
export function replaceBelow(
  image: Image,
  field: Float32Array,
  fraction: number,
  valueAt: (uniform: number, index: number) => number,
): Image {
  const { channels } = image;
  const [limit, colors, draft] = [limitOf(image), colorsOf(image), draftOf(image)];
  const isPerChannel = field.length === draft.length;
  for (let index = 0; index < field.length; index++) {
    const uniform = field[index] as number;
    if (uniform >= fraction) continue;
    const value = valueAt(uniform, index) * limit;
    if (!isPerChannel) draft.fill(value, index * channels, index * channels + colors);
    else if (index % channels < colors) draft[index] = value;
  }
  return settled(image, draft);
}

/** The parameters that all noises have. */
export function drawNoise(config: { readonly perChannel: boolean }, draw: Draw): NoiseParams {
  return { perChannel: config.perChannel, seed: draw.child("noise").seed() };
}

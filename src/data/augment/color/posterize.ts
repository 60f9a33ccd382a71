import { z } from "zod";
import { type Distribution, drawWhole, whole } from "../distribution.ts";
import { mapValues } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly bits: Distribution;
}

interface Params {
  readonly bits: number;
}

/** Number of bits of an integer element type whose largest value is this. */
const widthOf = (limit: number): number => (limit === 255 ? 8 : 16);

function posterized(value: number, limit: number, bits: number): number {
  const levels = 2 ** bits;
  if (limit === 1) return Math.min(Math.floor(value * levels), levels - 1) / levels;
  const step = 2 ** Math.max(widthOf(limit) - bits, 0);
  return Math.floor(value / step) * step;
}

/**
 * Keeps the first bits of every value.
 *
 * @source torchvision 0.29, `posterize`, https://docs.pytorch.org/vision; byte-equal. Float32 falls to the lower of 2^bits levels.
 */
export const Posterize: Transform<Config, Params> = {
  name: "Posterize",
  version: 1,
  config: z.strictObject({ bits: whole({ min: 0, max: 8 }).default([2, 5]) }),
  sample: ({ bits }, draw) => ({ bits: drawWhole(bits, draw) }),
  effect: {
    kind: "pixels",
    apply: (image, { bits }) => mapValues(image, (value, limit) => posterized(value, limit, bits)),
  },
};

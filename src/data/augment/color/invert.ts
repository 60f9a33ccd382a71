import { z } from "zod";
import { mapValues } from "../pixels.ts";
import type { Transform } from "../transform.ts";

type Nothing = Record<string, never>;

/**
 * Makes the negative: the largest value minus each value.
 *
 * @source torchvision 0.29, `invert`, https://docs.pytorch.org/vision; byte-equal.
 */
export const Invert: Transform<Nothing, Nothing> = {
  name: "Invert",
  version: 1,
  config: z.strictObject({}),
  sample: () => ({}),
  effect: { kind: "pixels", apply: (image) => mapValues(image, (value, limit) => limit - value) },
};

import { z } from "zod";
import { throughBytes } from "../pixels.ts";
import type { Transform } from "../transform.ts";
import { mapByHistogram } from "./_histogram.ts";

type Nothing = Record<string, never>;

/** PIL's table; undefined where a channel has too few values to spread. */
function tableOf(counts: Uint32Array): Uint8Array | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const last = counts.findLast((count) => count > 0) ?? 0;
  const step = Math.floor((total - last) / 255);
  if (step === 0) return undefined;
  const table = new Uint8Array(256);
  let before = Math.floor(step / 2);
  for (let value = 0; value < 256; value++) {
    table[value] = Math.min(Math.floor(before / step), 255);
    before += counts[value] as number;
  }
  return table;
}

/**
 * Spreads the values of each channel so that all occur about equally often. Other images than 8-bit ones are
 * rounded to 256 levels before, as in torchvision.
 *
 * @source Clark et al., Pillow, `ImageOps.equalize`, https://pillow.readthedocs.io, and torchvision 0.29, `equalize`; byte-equal.
 */
export const Equalize: Transform<Nothing, Nothing> = {
  name: "Equalize",
  version: 1,
  config: z.strictObject({}),
  sample: () => ({}),
  effect: {
    kind: "pixels",
    apply: (image) => throughBytes(image, (bytes) => mapByHistogram(bytes, tableOf)),
  },
};

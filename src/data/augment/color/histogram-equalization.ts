import { z } from "zod";
import { roundHalfEven, throughBytes } from "../pixels.ts";
import type { Transform } from "../transform.ts";
import { histogram, mapByHistogram, mapLuma } from "./_histogram.ts";

interface Config {
  readonly on: "luma" | "channels";
}

/** OpenCV's table: float32, the first value that occurs becomes 0. */
function tableOf(counts: Uint32Array): Uint8Array | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const first = counts.findIndex((count) => count > 0);
  if (counts[first] === total) return undefined;
  const scale = Math.fround(255 / (total - (counts[first] as number)));
  const table = new Uint8Array(256);
  let sum = 0;
  for (let value = first + 1; value < 256; value++) {
    sum += counts[value] as number;
    table[value] = Math.min(roundHalfEven(Math.fround(sum * scale)), 255);
  }
  return table;
}

/**
 * Spreads the values so that all occur about equally often: of the luma, which keeps colours (the default), or of each channel. Other images
 * than 8-bit ones are rounded to 256 levels before. {@link Equalize} is PIL's form.
 *
 * @source Bradski, OpenCV 4.11, `equalizeHist`, https://docs.opencv.org; `channels` is byte-equal to it.
 */
export const HistogramEqualization: Transform<Config, Config> = {
  name: "HistogramEqualization",
  version: 1,
  config: z.strictObject({ on: z.enum(["luma", "channels"]).default("luma") }),
  sample: (config) => config,
  effect: {
    kind: "pixels",
    apply: (image, { on }) =>
      throughBytes(image, (bytes) => {
        if (on === "channels") return mapByHistogram(bytes, tableOf);
        return mapLuma(bytes, (plane) => {
          const table = tableOf(histogram(plane, 0, 1));
          return table === undefined ? plane : plane.map((value) => table[value] as number);
        });
      }),
  },
};

import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { limitOf, mapColors, requireColor } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly hue: Distribution;
  readonly saturation: Distribution;
  readonly value: Distribution;
}

interface Params {
  readonly hue: number;
  readonly saturation: number;
  readonly value: number;
}

/** One colour of HSV [degrees, fraction, any]: the channel that lies `offset` sixths from red. */
function channelOf(hue: number, saturation: number, value: number, offset: number): number {
  const place = (offset + hue / 60) % 6;
  return value - value * saturation * Math.max(0, Math.min(place, 4 - place, 1));
}

/**
 * Turns the hue [degrees] and adds to saturation and value (fractions) in HSV. RGB and RGBA only.
 *
 * @source Smith, "Color Gamut Transform Pairs", 1978: the HSV cone. Computed in floating point, without OpenCV's steps of 2 degrees.
 */
export const HueSaturation: Transform<Config, Params> = {
  name: "HueSaturation",
  version: 1,
  config: z.strictObject({
    hue: real({ min: -180, max: 180 }).default([-20, 20]),
    saturation: real({ min: -1, max: 1 }).default([-0.15, 0.15]),
    value: real({ min: -1, max: 1 }).default([-0.1, 0.1]),
  }),
  sample: ({ hue, saturation, value }, draw) => ({
    hue: drawReal(hue, draw),
    saturation: drawReal(saturation, draw),
    value: drawReal(value, draw),
  }),
  effect: {
    kind: "pixels",
    apply(image, params) {
      requireColor("HueSaturation", image);
      const limit = limitOf(image);
      return mapColors(image, (red, green, blue, out) => {
        const largest = Math.max(red, green, blue);
        const range = largest - Math.min(red, green, blue);
        let sixths = 0;
        if (range > 0) {
          if (largest === red) sixths = (green - blue) / range;
          else if (largest === green) sixths = 2 + (blue - red) / range;
          else sixths = 4 + (red - green) / range;
        }
        const hue = (sixths * 60 + params.hue + 720) % 360;
        // Grey has no hue: more saturation must not turn it red.
        const added = range > 0 ? params.saturation : 0;
        const saturation = Math.min(Math.max((range > 0 ? range / largest : 0) + added, 0), 1);
        const value = Math.min(Math.max(largest + params.value * limit, 0), limit);
        out[0] = channelOf(hue, saturation, value, 5);
        out[1] = channelOf(hue, saturation, value, 3);
        out[2] = channelOf(hue, saturation, value, 1);
      });
    },
  },
};

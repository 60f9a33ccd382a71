import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { mapValues, requireColor } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly kelvin: Distribution;
}

interface Params {
  readonly kelvin: number;
}

/** Linear sRGB of a black body, its luminance 1. */
function blackBody(kelvin: number): readonly [red: number, green: number, blue: number] {
  const [t, t2, t3] = [1e3 / kelvin, 1e6 / kelvin ** 2, 1e9 / kelvin ** 3];
  const x =
    kelvin <= 4000
      ? -0.2661239 * t3 - 0.2343589 * t2 + 0.8776956 * t + 0.17991
      : -3.0258469 * t3 + 2.1070379 * t2 + 0.2226347 * t + 0.24039;
  const [c3, c2, c1, c0] =
    kelvin <= 2222
      ? [-1.1063814, -1.3481102, 2.18555832, -0.20219683]
      : kelvin <= 4000
        ? [-0.9549476, -1.37418593, 2.09137015, -0.16748867]
        : [3.081758, -5.8733867, 3.75112997, -0.37001483];
  const y = ((c3 * x + c2) * x + c1) * x + c0;
  const [X, Z] = [x / y, (1 - x - y) / y];
  return [
    3.2404542 * X - 1.5371385 - 0.4985314 * Z,
    -0.969266 * X + 1.8760108 + 0.041556 * Z,
    0.0556434 * X - 0.2040259 + 1.0572252 * Z,
  ];
}

/** Temperature of the light that leaves an image as it is: near the white of sRGB. */
const neutral = blackBody(6500);

const decode = (value: number): number => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const encode = (value: number): number => (value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055);

/**
 * Lights the scene by a black body of another temperature [K]: below 6500 the image turns warm, above it turns cool. Channels are scaled
 * in linear light. RGB and RGBA only.
 *
 * @source Kim et al., "Design of Advanced Color Temperature Control System for HDTV Applications", 2002: the Planckian locus as cubics.
 */
export const ColorTemperature: Transform<Config, Params> = {
  name: "ColorTemperature",
  version: 1,
  config: z.strictObject({ kelvin: real({ min: 1800, max: 25000 }).default([3500, 12000]) }),
  sample: ({ kelvin }, draw) => ({ kelvin: drawReal(kelvin, draw) }),
  effect: {
    kind: "pixels",
    apply(image, { kelvin }) {
      requireColor("ColorTemperature", image);
      const light = blackBody(kelvin);
      const gains = light.map((part, channel) => Math.max(part, 0) / (neutral[channel] as number));
      return mapValues(
        image,
        (value, limit, channel) => encode(decode(value / limit) * (gains[channel] as number)) * limit,
      );
    },
  },
};

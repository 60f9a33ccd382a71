import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { mapValues } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly gamma: Distribution;
}

interface Params {
  readonly gamma: number;
}

/** Raises values in [0, 1] to a power: gamma below 1 lightens the dark parts, above 1 darkens them. */
export const Gamma: Transform<Config, Params> = {
  name: "Gamma",
  version: 1,
  config: z.strictObject({ gamma: real({ min: 0.01, max: 100 }).default([0.7, 1.5]) }),
  sample: ({ gamma }, draw) => ({ gamma: drawReal(gamma, draw) }),
  effect: {
    kind: "pixels",
    apply: (image, { gamma }) => mapValues(image, (value, limit) => (value / limit) ** gamma * limit),
  },
};

import { z } from "zod";
import { mapValues, requireColor } from "../pixels.ts";
import type { Transform } from "../transform.ts";

interface Config {
  readonly deviation: number;
  readonly eigenvalues: readonly number[];
  readonly eigenvectors: readonly (readonly number[])[];
}

interface Params {
  /** Added to red, green and blue, fractions of the range. */
  readonly shifts: readonly number[];
}

const triple = z.array(z.number()).length(3);

/**
 * Adds multiples of the principal components of the data set's colours, each times its eigenvalue and a normal variate of deviation
 * `deviation`. The components are ImageNet's unless yours are given (of values in [0, 1]; `eigenvectors[channel][component]`). RGB and RGBA
 * only.
 *
 * @source Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012, section 4.1.
 */
export const FancyPca: Transform<Config, Params> = {
  name: "FancyPca",
  version: 1,
  config: z.strictObject({
    deviation: z.number().min(0).default(0.1),
    eigenvalues: triple.default([0.2175, 0.0188, 0.0045]),
    eigenvectors: z
      .array(triple)
      .length(3)
      .default([
        [-0.5675, 0.7192, 0.4009],
        [-0.5808, -0.0045, -0.814],
        [-0.5836, -0.6948, 0.4203],
      ]),
  }),
  sample({ deviation, eigenvalues, eigenvectors }, draw) {
    const weights = eigenvalues.map((eigenvalue) => eigenvalue * draw.normal(0, deviation));
    return {
      shifts: eigenvectors.map((row) =>
        row.reduce((sum, entry, component) => sum + entry * (weights[component] as number), 0),
      ),
    };
  },
  effect: {
    kind: "pixels",
    apply(image, { shifts }) {
      requireColor("FancyPca", image);
      return mapValues(image, (value, limit, channel) => value + (shifts[channel] as number) * limit);
    },
  },
};

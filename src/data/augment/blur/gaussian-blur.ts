import { z } from "zod";
import { type Distribution, drawReal, real } from "../distribution.ts";
import { gaussianBlur } from "../gaussian.ts";
import type { Transform } from "../transform.ts";

interface Config {
  /** Standard deviation [pixels], [0, 100]. @defaultValue [0, 3] */
  readonly sigma: Distribution;
}

interface Params {
  readonly sigma: number;
}

/** imgaug's size of the kernel. */
export function kernelSizeOf(sigma: number): number {
  const factor = sigma < 3 ? 3.3 : sigma < 5 ? 2.9 : 2.6;
  const size = Math.floor(Math.max(factor * sigma, 5));
  return size % 2 === 0 ? size + 1 : size;
}

/**
 * Blurs with a Gaussian; a deviation below 0.001 changes nothing. Bytes and uint16 are those of imgaug 0.4.0 with OpenCV 4.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `GaussianBlur`.
 */
export const GaussianBlur: Transform<Config, Params> = {
  name: "GaussianBlur",
  version: 1,
  config: z.strictObject({ sigma: real({ min: 0, max: 100 }).default([0, 3]) }),
  sample: ({ sigma }, draw) => ({ sigma: drawReal(sigma, draw) }),
  effect: {
    kind: "pixels",
    apply: (image, { sigma }) => (sigma < 1e-3 ? image : gaussianBlur(image, kernelSizeOf(sigma), sigma)),
  },
};

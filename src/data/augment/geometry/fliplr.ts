import { z } from "zod";
import { permutation } from "../lossless.ts";
import type { Transform } from "../transform.ts";

type Nothing = Record<string, never>;

/**
 * Mirrors left and right: x' = width − x.
 *
 * Without `probability` in its step it always applies, as in imgaug 0.4.0.
 *
 * @source Jung et al., imgaug 0.4.0, https://github.com/aleju/imgaug, `Fliplr`.
 */
export const Fliplr: Transform<Nothing, Nothing> = {
  name: "Fliplr",
  version: 1,
  config: z.strictObject({}),
  sample: () => ({}),
  effect: { kind: "matrix", matrix: (_, frame) => permutation([-1, 0, 0, 1], frame) },
};

import { z } from "zod";
import { permutation } from "../lossless.ts";
import type { Transform } from "../transform.ts";

type Nothing = Record<string, never>;

/**
 * Swaps rows and columns: x' = y, y' = x.
 *
 * @source Buslaev et al., "Albumentations: Fast and Flexible Image Augmentations", 2020, https://arxiv.org/abs/1809.06839, `Transpose`.
 */
export const Transpose: Transform<Nothing, Nothing> = {
  name: "Transpose",
  version: 1,
  config: z.strictObject({}),
  sample: () => ({}),
  effect: { kind: "matrix", matrix: (_, frame) => permutation([0, 1, 1, 0], frame) },
};

import { z } from "zod";
import { permutation, type Symmetry } from "../lossless.ts";
import type { Transform } from "../transform.ts";

interface Params {
  readonly symmetry: Symmetry;
}

/** The eight symmetries of the square. */
const symmetries: readonly Symmetry[] = [
  [1, 0, 0, 1],
  [0, -1, 1, 0],
  [-1, 0, 0, -1],
  [0, 1, -1, 0],
  [-1, 0, 0, 1],
  [1, 0, 0, -1],
  [0, 1, 1, 0],
  [0, -1, -1, 0],
];

/**
 * One of the eight symmetries of the square, each as likely: for pictures without an up, such as those from above or from a microscope.
 *
 * @source Cohen and Welling, "Group Equivariant Convolutional Networks", 2016, https://arxiv.org/abs/1602.07576, the group p4m.
 */
export const D4: Transform<Record<string, never>, Params> = {
  name: "D4",
  version: 1,
  config: z.strictObject({}),
  sample: (_, draw) => ({ symmetry: draw.pick(symmetries) }),
  effect: { kind: "matrix", matrix: ({ symmetry }, frame) => permutation(symmetry, frame) },
};

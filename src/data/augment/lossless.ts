/** Flips and quarter turns: maps that move whole pixels, so that nothing is interpolated. */

import type { PixelArray } from "../image.ts";
import { useImageKernel } from "./image-kernel.ts";
import type { Raster } from "./move-scene.ts";
import type { Frame, Matrix, Resample } from "./transform.ts";

/** What a matrix effect returns. */
export interface Projection {
  readonly matrix: Matrix;
  readonly width: number;
  readonly height: number;
  readonly resample: Resample;
}

/** How a map resamples for which it makes no difference. */
const indifferent: Resample = { interpolation: "linear", border: "constant", fill: 0 };

/** The linear part of a symmetry of the square, by rows. */
export type Symmetry = readonly [number, number, number, number];

/** The symmetry as a map of the frame onto itself (or onto the turned frame). */
export function permutation([a, b, c, d]: Symmetry, { width, height }: Pick<Frame, "width" | "height">): Projection {
  const isTurn = a === 0;
  const x = a + b < 0 ? (isTurn ? height : width) : 0;
  const y = c + d < 0 ? (isTurn ? width : height) : 0;
  return {
    matrix: [a, b, x, c, d, y, 0, 0, 1],
    width: isTurn ? height : width,
    height: isTurn ? width : height,
    resample: indifferent,
  };
}

/** The symmetry that a map of this frame is, if it is one exactly. */
export function symmetryOf(
  map: Omit<Projection, "resample">,
  frame: Pick<Frame, "width" | "height">,
): Symmetry | undefined {
  const [a, b, , c, d] = map.matrix;
  const isSigned = (p: number, q: number): boolean => (Math.abs(p) === 1 && q === 0) || (p === 0 && Math.abs(q) === 1);
  if (!isSigned(a, b) || !isSigned(d, c) || (a === 0) !== (d === 0)) return undefined;
  const whole = permutation([a, b, c, d], frame);
  const isSame = whole.matrix.every((entry, i) => entry === map.matrix[i]);
  return isSame && whole.width === map.width && whole.height === map.height ? [a, b, c, d] : undefined;
}

/** A raster moved by a symmetry: its sides change places if it is a turn. */
export function moved<Data extends PixelArray | Int32Array>(raster: Raster<Data>, symmetry: Symmetry): Raster<Data> {
  const { data, width, height, channels } = raster;
  const [a, b, c, d] = symmetry;
  const [newWidth, newHeight] = a === 0 ? [height, width] : [width, height];
  // The symmetry's inverse is its transpose: a step to the right in the output is (a, b) in the input, a step down (c, d).
  const stepX = a + b * width;
  const stepY = c + d * width;
  const start = (a + c < 0 ? width - 1 : 0) + (b + d < 0 ? height - 1 : 0) * width;
  const out = useImageKernel((kernel) => {
    const pixelBytes = channels * data.BYTES_PER_ELEMENT;
    const source = kernel.put(data);
    const target = kernel.reserve(data.byteLength + 16);
    kernel.functions.move(source, target, newWidth, newHeight, start, stepX, stepY, pixelBytes);
    return kernel.take(data, target, data.length);
  });
  return { data: out, width: newWidth, height: newHeight, channels };
}

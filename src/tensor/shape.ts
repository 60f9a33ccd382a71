/** Static shapes and the rules of broadcasting. */

import { explain, ShapeError } from "../base/errors.ts";

/** Length of each axis; `[]` is a scalar. */
export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/** `[32, 1, 28, 28]`, as error messages print shapes. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** True if both shapes have the same axes. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/**
 * The shape to which all of `shapes` broadcast, by the NumPy rule that ONNX uses.
 *
 * @param api - Name for the error message.
 * @param shapes - Any number of shapes.
 * @returns The common shape.
 * @throws ShapeError if two lengths of one axis differ and neither is 1.
 */
export function broadcastShapes(api: string, ...shapes: Shape[]): Shape {
  const ndim = Math.max(0, ...shapes.map((shape) => shape.length));
  const result: number[] = new Array(ndim).fill(1);
  for (const shape of shapes) {
    const offset = ndim - shape.length;
    for (const [axis, length] of shape.entries()) {
      const current = result[offset + axis] as number;
      if (length === current || length === 1) continue;
      if (current !== 1)
        throw new ShapeError(
          explain({
            api,
            action: "broadcast inputs",
            received: `got ${shapes.map(formatShape).join(" and ")}`,
            rule: `axis ${offset + axis - ndim} has lengths ${current} and ${length}, which must be equal or 1`,
          }),
        );
      result[offset + axis] = length;
    }
  }
  return result;
}

/**
 * Turns a possibly negative axis into its index.
 *
 * @param api - Name for the error message.
 * @param axis - In [-ndim, ndim).
 * @param ndim - Number of axes.
 * @throws ShapeError if the axis is out of range.
 */
export function normalizeAxis(api: string, axis: number, ndim: number): number {
  const index = axis < 0 ? axis + ndim : axis;
  if (!Number.isInteger(axis) || index < 0 || index >= ndim)
    throw new ShapeError(
      explain({ api, action: "use axis", received: `got ${axis}`, rule: `must be in [${-ndim}, ${ndim})` }),
    );
  return index;
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides: number[] = new Array(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return strides;
}

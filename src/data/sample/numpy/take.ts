/** Indexing along an axis: what `choice`, `permutation` and `shuffle` do with their indices. */

import { explain, ShapeError } from "../../../base/errors.ts";
import { arrayTypeOf } from "../../../tensor/dtype.ts";
import { formatShape } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";

/**
 * `numpy.take(source, indices, axis)`: turns the indices that {@link NumpyGenerator} draws into rows (or columns) of an array.
 *
 * @shape source [..., length, ...] → [..., indices, ...]
 * @param source - Any tensor with an element per number (no packed 4-bit integers, no complex numbers).
 * @param indices - Along the axis, [0, length).
 * @param axis - Which one, [0, ndim).
 * @throws ShapeError if there is no such axis or index.
 *
 * @example Two columns of three, as `rng.choice(x, 2, replace=False, axis=1)` takes them
 * ```ts
 * import assert from "node:assert/strict";
 * import { NumpyGenerator, take } from "cameo/data/sample";
 * import { tensor } from "cameo/tensor";
 *
 * const x = tensor("int32", [2, 3], [1, 2, 3, 4, 5, 6]);
 * const columns = new NumpyGenerator(0).choice(3, { size: 2, replace: false });
 * assert.deepEqual(take(x, columns, 1).shape, [2, 2]);
 * ```
 */
export function take(source: Tensor, indices: ArrayLike<number>, axis = 0): Tensor {
  const { dtype, shape, data } = source;
  const length = shape[axis];
  const fail = (received: string, rule: string): never => {
    throw new ShapeError(explain({ api: "take", action: `index ${formatShape(shape)} (${dtype})`, received, rule }));
  };
  if (length === undefined) return fail(`got axis ${axis}`, `must be one of ${shape.length} axes`);
  if (/int4|complex/.test(dtype)) return fail(`got ${dtype}`, "must have one element per number");
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const outer = shape.slice(0, axis).reduce((product, size) => product * size, 1);
  const count = outer * indices.length * inner;
  const out = Array.isArray(data) ? new Array<string>(count) : new (arrayTypeOf(dtype))(count);
  let to = 0;
  for (let block = 0; block < outer; block++)
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i] as number;
      if (!(index >= 0 && index < length)) fail(`got index ${index}`, `must be in [0, ${length})`);
      const from = (block * length + index) * inner;
      for (let k = 0; k < inner; k++) (out as unknown[])[to++] = data[from + k];
    }
  return { dtype, shape: [...shape.slice(0, axis), indices.length, ...shape.slice(axis + 1)], data: out };
}

/** A tensor on the host: a typed array with a shape. Plain data; computing is the graph's business. */

import { explain, ShapeError } from "../base/errors.ts";
import { arrayTypeOf, type DType, sizeBytesOf, type TypedArray } from "./dtype.ts";
import { formatShape, type Shape, sizeOf } from "./shape.ts";

/** Elements in row-major order under a shape. Strings are held as a plain array. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: TypedArray | readonly string[];
}

/**
 * Makes a tensor of numbers, checking that the count fits the shape. Typed arrays of the right type are used without a
 * copy; the caller must not mutate them afterwards.
 *
 * @param dtype - Element type (not `"string"`).
 * @param shape - Axes; `[]` for a scalar.
 * @param values - Elements in row-major order. Numbers are converted to BigInt where the dtype needs it. 16-bit floats take their bits.
 * @returns The tensor.
 * @throws ShapeError if the number of elements is not the product of the shape.
 *
 * @example A 2×2 matrix
 * ```ts
 * import assert from "node:assert/strict";
 * import { tensor } from "cameo";
 *
 * const t = tensor("float32", [2, 2], [1, 2, 3, 4]);
 * assert.deepEqual([...(t.data as Float32Array)], [1, 2, 3, 4]);
 * ```
 */
export function tensor(dtype: DType, shape: Shape, values: ArrayLike<number> | ArrayLike<bigint>): Tensor {
  const Array = arrayTypeOf(dtype);
  const count = lengthOf(dtype, shape);
  if (values.length !== count)
    throw new ShapeError(
      explain({
        api: "tensor",
        action: `make a ${dtype} tensor of shape ${formatShape(shape)}`,
        received: `got ${values.length} elements`,
        rule: `the shape holds ${count}`,
      }),
    );
  if (values instanceof Array) return { dtype, shape, data: values };
  const data = new Array(count);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < count; i++) data[i] = BigInt(values[i] as number | bigint);
  } else {
    for (let i = 0; i < count; i++) data[i] = Number(values[i]);
  }
  return { dtype, shape, data };
}

/** Elements of the host array: packed 4-bit integers share one, complex numbers take two. */
function lengthOf(dtype: DType, shape: Shape): number {
  if (dtype === "int4" || dtype === "uint4") return sizeBytesOf(dtype, sizeOf(shape));
  return sizeOf(shape) * (dtype.startsWith("complex") ? 2 : 1);
}

/** The bits of a 16-bit float: float16 rounds to nearest even, and so does bfloat16. */
function bitsOf(dtype: "float16" | "bfloat16", value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  if (dtype === "float16") {
    view.setFloat16(0, value);
    return view.getUint16(0);
  }
  view.setFloat32(0, value);
  const bits = view.getUint32(0);
  if (Number.isNaN(value)) return 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** A number as an element of a dtype is held on the host: itself, or the bits of a 16-bit float. */
function elementOf(dtype: DType, value: number): number {
  return dtype === "float16" || dtype === "bfloat16" ? bitsOf(dtype, value) : value;
}

/** A tensor with no axes that holds one value. */
export function scalar(dtype: DType, value: number): Tensor {
  return tensor(dtype, [], [elementOf(dtype, value)]);
}

/** The elements as doubles (BigInt converted); for constants such as axes and shapes, not for bulk data. */
export function numbersOf(value: Tensor): number[] {
  return Array.from(value.data as ArrayLike<number | bigint>, Number);
}

/**
 * A tensor filled with one number.
 *
 * @param dtype - Element type.
 * @param shape - Axes; `[]` for a scalar.
 * @param value - Every element; rounded to the dtype.
 * @throws TypeError for dtypes of which the host holds something else: strings, packed 4-bit integers, complex numbers.
 */
export function filled(dtype: DType, shape: Shape, value: number): Tensor {
  const Array = arrayTypeOf(dtype);
  const length = sizeOf(shape);
  if (lengthOf(dtype, shape) !== length && length > 0)
    throw new TypeError(
      explain({
        api: "filled",
        action: "make a tensor",
        received: `got ${dtype}`,
        rule: "its elements are not single numbers",
      }),
    );
  const data = new Array(length);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(BigInt(value));
  else data.fill(elementOf(dtype, value));
  return { dtype, shape, data };
}

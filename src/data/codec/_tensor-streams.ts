/** Cells that are tensors: their shapes, and the elements of all. */

import { arrayTypeOf, type DType, type TypedArray } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Cell, Column, Field } from "../table.ts";
import { wrongCell } from "./_cells.ts";
import { columnError, joinFrame } from "./_frame.ts";
import { encodeNumbers, type NumberEncoding } from "./number-codec.ts";

/** A frame of tensors, all of the column's element type. */
export function encodeTensors(
  values: readonly Cell[],
  field: Field,
  encoding: NumberEncoding,
): Uint8Array<ArrayBuffer> {
  const { element } = field;
  const tensors = values as readonly Tensor[];
  const wrong = tensors.findIndex((each) => each?.dtype !== element || !ArrayBuffer.isView(each.data));
  if (element === undefined || wrong >= 0) throw wrongCell(field, wrong, values[wrong]);
  const shapes = Int32Array.from(tensors.flatMap(({ shape }) => [shape.length, ...shape]));
  const total = tensors.reduce((sum, { data }) => sum + data.length, 0);
  const data = new (arrayTypeOf(element))(total);
  let at = 0;
  for (const tensor of tensors) {
    data.set(tensor.data as never, at);
    at += tensor.data.length;
  }
  const streams = [encodeNumbers(shapes, { ...encoding, transform: "none" }), encodeNumbers(data, encoding)];
  return joinFrame({ kind: "tensors", count: values.length }, streams);
}

/** The inverse of {@link encodeTensors}. */
export function decodeTensors(shapes: TypedArray, data: TypedArray, count: number, field: Field): Column {
  const element = field.element as DType;
  if (!(shapes instanceof Int32Array) || !(data instanceof arrayTypeOf(element)))
    throw columnError("tensors of another type", `must be ${element}`);
  let [axis, at] = [0, 0];
  const tensors = Array.from({ length: count }, (): Tensor => {
    const ndim = shapes[axis] ?? -1;
    const shape = Array.from(shapes.subarray(axis + 1, axis + 1 + Math.max(0, ndim)));
    const size = shape.every((length) => length >= 0) ? sizeOf(shape) : Number.POSITIVE_INFINITY;
    if (ndim < 0 || shape.length !== ndim || at + size > data.length)
      throw columnError(`a shape of ${ndim} axes`, "must fit the values");
    axis += 1 + ndim;
    at += size;
    return { dtype: element, shape, data: data.subarray(at - size, at) as TypedArray };
  });
  if (at !== data.length) throw columnError(`${data.length} values`, `the shapes hold ${at}`);
  return tensors;
}

/** Samples side by side in one array per input. */

import { arrayTypeOf, type DType, type TypedArray } from "../../tensor/dtype.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { FaultError } from "./fault-error.ts";

/** What every sample of a stream looks like, by name of the input. */
export type SampleShapes = ReadonlyMap<string, { readonly dtype: DType; readonly shape: Shape }>;

/** The shapes of a sample. */
export function shapesOf(sample: ReadonlyMap<string, Tensor>): SampleShapes {
  return new Map([...sample].map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
}

/** A batch while it is filled. */
export class Collator {
  readonly arrays: Record<string, TypedArray> = {};
  readonly #shapes: SampleShapes;

  /**
   * @param shapes - Of each sample.
   * @param batchSize - Samples.
   */
  constructor(shapes: SampleShapes, batchSize: number) {
    this.#shapes = shapes;
    for (const [name, { dtype, shape }] of shapes)
      this.arrays[name] = new (arrayTypeOf(dtype))(batchSize * sizeOf(shape));
  }

  /**
   * Puts a sample in its place.
   *
   * @throws FaultError with code `shape` if it looks otherwise than the others; nothing is written then.
   */
  set(slot: number, sample: ReadonlyMap<string, Tensor>): void {
    for (const [name, { dtype, shape }] of this.#shapes) {
      const value = sample.get(name);
      const found = value === undefined ? "missing" : `${value.dtype} ${formatShape(value.shape)}`;
      if (value?.dtype !== dtype || !sameShape(value.shape, shape))
        throw new FaultError("shape", `"${name}" is ${found}, in other samples ${dtype} ${formatShape(shape)}`);
    }
    for (const [name, { shape }] of this.#shapes)
      (this.arrays[name] as Float64Array).set(sample.get(name)?.data as Float64Array, slot * sizeOf(shape));
  }
}

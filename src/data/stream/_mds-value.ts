/** What the encodings of MDS ask of a value. */

import type { Tensor } from "../../tensor/tensor.ts";
import type { Cell } from "../table.ts";

/** The error for a value that an encoding cannot hold. */
export function mismatch(name: string, value: unknown): TypeError {
  return new TypeError(`value of type ${value === null ? "null" : typeof value} does not fit the encoding "${name}"`);
}

/** Whether a cell is a tensor. */
export function isTensor(value: Cell): value is Tensor {
  return typeof value === "object" && value !== null && "dtype" in value && "shape" in value && "data" in value;
}

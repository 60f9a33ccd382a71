/** Reads single tensors in ONNX's own format. */

import type { Tensor } from "../../tensor/tensor.ts";
import { tensorOf } from "./_tensor-in.ts";
import { isInline } from "./model.ts";
import { decodeMessage } from "./protobuf.ts";
import { failRead } from "./wire.ts";

/**
 * Reads a serialised TensorProto: the `.pb` files of ONNX's test data, and tensors that tools exchange.
 *
 * @param bytes - One TensorProto. The tensor's data may be a view into it.
 * @returns The tensor; 16-bit floats as their bits.
 * @throws CodecError if the bytes are no TensorProto, or its data is in another file or of a type Cameo lacks.
 *
 * @example Two floats
 * ```ts
 * import assert from "node:assert/strict";
 * import { readTensorProto } from "cameo/graph";
 *
 * const bytes = Uint8Array.of(0x08, 2, 0x10, 1, 0x4a, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40); // dims, float32, raw data
 * assert.deepEqual(readTensorProto(bytes), { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) });
 * ```
 */
export function readTensorProto(bytes: Uint8Array): Tensor {
  const value = tensorOf(decodeMessage("TensorProto", bytes), "the tensor");
  if (isInline(value)) return { dtype: value.dtype, shape: value.shape, data: value.data };
  return "external" in value
    ? failRead("read the tensor", `got data in "${value.external.location}"`, "the data must be in the tensor itself")
    : failRead("read the tensor", `got element type ${value.onnxType}`, "must be a type from float32 (1) to int4 (22)");
}

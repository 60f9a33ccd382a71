/** From TensorProto to our tensors: views into the file where alignment allows. */

import { arrayTypeOf, type DType, dtypeOfOnnx, sizeBytesOf, type TypedArray } from "../../tensor/dtype.ts";
import { formatShape, type Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { ExternalTensor, OnnxTensor, OnnxTensorExtras } from "./model.ts";
import type { Message } from "./schema.ts";
import { failRead, type Int64, textOf } from "./wire.ts";

type TypedField = "floatData" | "int32Data" | "int64Data" | "doubleData" | "uint64Data" | "stringData";

/** The field that holds a dtype's elements when there is no raw data. Narrow types lie in int32_data, 16-bit floats as their bits. */
const typedFields: Readonly<Record<DType, TypedField>> = {
  float32: "floatData",
  complex64: "floatData",
  float64: "doubleData",
  complex128: "doubleData",
  int64: "int64Data",
  uint32: "uint64Data",
  uint64: "uint64Data",
  string: "stringData",
  int32: "int32Data",
  int16: "int32Data",
  int8: "int32Data",
  int4: "int32Data",
  uint16: "int32Data",
  uint8: "int32Data",
  uint4: "int32Data",
  bool: "int32Data",
  float16: "int32Data",
  bfloat16: "int32Data",
  float8e4m3fn: "int32Data",
  float8e4m3fnuz: "int32Data",
  float8e5m2: "int32Data",
  float8e5m2fnuz: "int32Data",
};

/** Entries by key; of two with one key the last counts. */
export function entriesOf(entries: readonly Message<"StringStringEntryProto">[]): Map<string, string> {
  return new Map(entries.map(({ key, value }) => [key ?? "", value ?? ""]));
}

/** The fields of {@link OnnxTensorExtras} that the message has. */
function extrasOf(message: Message<"TensorProto">): OnnxTensorExtras {
  const extras: OnnxTensorExtras = {};
  if (message.name !== undefined && message.name !== "") extras.name = message.name;
  if (message.docString !== undefined && message.docString !== "") extras.docString = message.docString;
  if (message.metadataProps !== undefined) extras.metadata = entriesOf(message.metadataProps);
  if (message.unknown !== undefined) extras.unknown = message.unknown;
  return extras;
}

/** The lengths of the axes, which must be counts, and so must their product. */
export function shapeOf(dims: readonly Int64[] | undefined, what: string): number[] {
  const shape = (dims ?? []).map(Number);
  let size = 1;
  for (const length of shape) size *= Math.max(1, length);
  if (!shape.every((length) => length >= 0) || !Number.isSafeInteger(size))
    failRead(
      `read ${what}`,
      `got shape [${(dims ?? []).slice(0, 8).join(", ")}]`,
      "lengths must not be negative and hold fewer than 2^53 elements",
    );
  return shape;
}

/** The elements of `bytes`: a view if they are aligned, else a copy. */
export function arrayOfBytes(dtype: DType, bytes: Uint8Array): TypedArray {
  const Array = arrayTypeOf(dtype);
  const width = Array.BYTES_PER_ELEMENT;
  const { buffer, byteOffset } = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return new Array(buffer, byteOffset, bytes.length / width);
}

/** Number of elements of the host array, which differs from the tensor's for 4-bit and complex types. */
function arrayLengthOf(dtype: DType, shape: Shape): number {
  const count = shape.reduce((size, length) => size * length, 1);
  return dtype === "string" ? count : sizeBytesOf(dtype, count) / arrayTypeOf(dtype).BYTES_PER_ELEMENT;
}

function external(message: Message<"TensorProto">, dtype: DType, shape: number[], what: string): ExternalTensor {
  const other = entriesOf(message.externalData ?? []);
  const take = (key: string): string | undefined => {
    const value = other.get(key);
    other.delete(key);
    return value;
  };
  const count = (key: string): number | undefined => {
    const text = take(key);
    const value = Number(text);
    if (text !== undefined && !(/^\d+$/.test(text) && Number.isSafeInteger(value)))
      failRead(
        `read ${what}`,
        `got external data with ${key} ${JSON.stringify(text.slice(0, 40))}`,
        "must be a number of bytes",
      );
    return text === undefined ? undefined : value;
  };
  const location =
    take("location") ?? failRead(`read ${what}`, "got external data without a location", "must name a file");
  return {
    dtype,
    shape,
    external: { location, offset: count("offset") ?? 0, length: count("length"), other },
    ...extrasOf(message),
  };
}

/** The tensor of a message. `what` names it in errors. */
export function tensorOf(message: Message<"TensorProto">, what: string): OnnxTensor {
  const onnxType = Number(message.dataType ?? 0);
  const dtype = dtypeOfOnnx(onnxType);
  if (dtype === undefined) return { onnxType, message, ...extrasOf(message) };
  const shape = shapeOf(message.dims, what);
  if (message.dataLocation === 1) return external(message, dtype, shape, what);
  return { dtype, shape, data: dataOf(message, dtype, shape, what), ...extrasOf(message) };
}

function dataOf(message: Message<"TensorProto">, dtype: DType, shape: Shape, what: string): Tensor["data"] {
  const length = arrayLengthOf(dtype, shape);
  const field = typedFields[dtype];
  const elements = message[field];
  const raw = message.rawData;
  if (raw !== undefined && dtype !== "string" && !(raw.length === 0 && elements !== undefined)) {
    const expected = length * arrayTypeOf(dtype).BYTES_PER_ELEMENT;
    if (raw.length !== expected)
      failRead(`read ${what}`, `got ${raw.length} bytes of data`, `${dtype} ${formatShape(shape)} takes ${expected}`);
    return arrayOfBytes(dtype, raw);
  }
  const found = elements?.length ?? 0;
  if (found !== length)
    failRead(`read ${what}`, `got ${found} elements`, `${dtype} ${formatShape(shape)} takes ${length}`);
  if (dtype === "string")
    return (message.stringData ?? []).map(
      (bytes) =>
        textOf(bytes) ?? failRead(`read ${what}`, "got a string that is not UTF-8", "string tensors hold UTF-8 text"),
    );
  const Array = arrayTypeOf(dtype);
  if (elements === undefined) return new Array(0);
  if (elements instanceof Array) return elements;
  const data = new Array(length);
  // uint32 lies in uint64_data; everything else here is narrower than int32.
  for (let i = 0; i < length; i++) data[i] = Number(elements[i]);
  return data;
}

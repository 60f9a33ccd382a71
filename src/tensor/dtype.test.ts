import { expect, test } from "vitest";
import { arrayTypeOf, type DType, dtypeOfOnnx, isFloat, isInteger, onnxTypeOf, sizeBytesOf } from "./dtype.ts";

/** name, TensorProto.DataType, bytes of five elements, kind: from onnx.proto3. */
const rows: readonly (readonly [DType, number, number, "float" | "integer" | "neither"])[] = [
  ["float32", 1, 20, "float"],
  ["uint8", 2, 5, "integer"],
  ["int8", 3, 5, "integer"],
  ["uint16", 4, 10, "integer"],
  ["int16", 5, 10, "integer"],
  ["int32", 6, 20, "integer"],
  ["int64", 7, 40, "integer"],
  ["string", 8, 0, "neither"],
  ["bool", 9, 5, "neither"],
  ["float16", 10, 10, "float"],
  ["float64", 11, 40, "float"],
  ["uint32", 12, 20, "integer"],
  ["uint64", 13, 40, "integer"],
  ["complex64", 14, 40, "neither"],
  ["complex128", 15, 80, "neither"],
  ["bfloat16", 16, 10, "float"],
  ["float8e4m3fn", 17, 5, "float"],
  ["float8e4m3fnuz", 18, 5, "float"],
  ["float8e5m2", 19, 5, "float"],
  ["float8e5m2fnuz", 20, 5, "float"],
  ["uint4", 21, 3, "integer"],
  ["int4", 22, 3, "integer"],
];

test.each(rows)("%s", (dtype, number, sizeBytes, kind) => {
  expect(onnxTypeOf(dtype)).toBe(number);
  expect(dtypeOfOnnx(number)).toBe(dtype);
  expect(sizeBytesOf(dtype, 5)).toBe(sizeBytes);
  expect([isFloat(dtype), isInteger(dtype)]).toEqual([kind === "float", kind === "integer"]);
  if (dtype === "string") expect(() => arrayTypeOf(dtype)).toThrow(/^arrayTypeOf: cannot hold dtype: got "string"/);
  else expect(new (arrayTypeOf(dtype))(2)).toHaveLength(2);
});

test("dtypeOfOnnx does not know other numbers", () => {
  expect([0, 23, -1].map(dtypeOfOnnx)).toEqual([undefined, undefined, undefined]);
});

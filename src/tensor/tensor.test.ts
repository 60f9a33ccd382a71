import { describe, expect, test } from "vitest";
import { ShapeError } from "../base/errors.ts";
import { filled, numbersOf, scalar, tensor } from "./tensor.ts";

describe("tensor", () => {
  test("uses an array of the right type as it is, and converts others", () => {
    const data = Float32Array.of(1, 2);
    expect(tensor("float32", [2], data).data).toBe(data);
    expect(tensor("float32", [2], Float64Array.of(1, 2)).data).toEqual(data);
    expect(tensor("int64", [2], [1, 2]).data).toEqual(BigInt64Array.of(1n, 2n));
    expect(tensor("int32", [2], BigInt64Array.of(1n, 2n)).data).toEqual(Int32Array.of(1, 2));
  });

  test("refuses a count that does not fit, in the host's elements", () => {
    expect(() => tensor("float32", [2, 2], [1, 2, 3])).toThrow(ShapeError);
    expect(() => tensor("float32", [2, 2], [1, 2, 3])).toThrow(
      "tensor: cannot make a float32 tensor of shape [2, 2]: got 3 elements, the shape holds 4",
    );
    expect(tensor("int4", [3], [0x21, 0x03]).data).toHaveLength(2);
    expect(tensor("complex64", [2], [1, 0, 2, 0]).data).toHaveLength(4);
    expect(tensor("float32", [2, 0], []).data).toHaveLength(0);
  });
});

test("scalars of 16-bit floats are held as their bits, rounded to even", () => {
  const bits = (dtype: "float16" | "bfloat16", value: number) => numbersOf(scalar(dtype, value))[0];
  expect([1, -2, 65504, 1e6, 2 ** -24].map((value) => bits("float16", value))).toEqual([
    0x3c00, 0xc000, 0x7bff, 0x7c00, 1,
  ]);
  expect([1, -2, 3.3895314e38, Number.POSITIVE_INFINITY].map((value) => bits("bfloat16", value))).toEqual([
    0x3f80, 0xc000, 0x7f7f, 0x7f80,
  ]);
  // Half way between two neighbours: the even one.
  expect([1 + 2 ** -8, 1 + 3 * 2 ** -8].map((value) => bits("bfloat16", value))).toEqual([0x3f80, 0x3f82]);
  expect(bits("bfloat16", Number.NaN)).toBe(0x7fc0);
});

test("filled repeats one number", () => {
  expect(filled("int64", [2], 3).data).toEqual(BigInt64Array.of(3n, 3n));
  expect(filled("float16", [2], 1).data).toEqual(Uint16Array.of(0x3c00, 0x3c00));
  expect(filled("float32", [0, 4], 1).data).toHaveLength(0);
  for (const dtype of ["int4", "complex64", "string"] as const) expect(() => filled(dtype, [3], 1)).toThrow(TypeError);
});

test("numbersOf converts every integer type", () => {
  expect(numbersOf(tensor("int64", [2], [-1, 2]))).toEqual([-1, 2]);
  expect(numbersOf(tensor("uint8", [2], [1, 255]))).toEqual([1, 255]);
});

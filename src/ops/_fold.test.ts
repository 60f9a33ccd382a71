import { describe, expect, test } from "vitest";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { foldArithmetic, foldCast, foldMap } from "./_fold.ts";

const add = foldArithmetic({ float: (a, b) => a + b, integer: (a, b) => a + b });
const elements = (folded: readonly Tensor[] | undefined) =>
  folded?.[0] && Array.from(folded[0].data as ArrayLike<number | bigint>);

describe("foldArithmetic", () => {
  test("broadcasts both sides", () => {
    const [sum] = add([tensor("int64", [2, 1], [10, 20]), tensor("int64", [3], [1, 2, 3])]) ?? [];
    expect(sum).toEqual({ dtype: "int64", shape: [2, 3], data: new BigInt64Array([11n, 12n, 13n, 21n, 22n, 23n]) });
  });

  test("keeps int64 exact beyond 2^53 and wraps as C does", () => {
    const large = 2n ** 63n - 1n;
    expect(elements(add([tensor("int64", [], [large]), tensor("int64", [], [-1n])]))).toEqual([large - 1n]);
    expect(elements(add([tensor("int64", [], [large]), tensor("int64", [], [1n])]))).toEqual([-(2n ** 63n)]);
    expect(elements(add([tensor("int32", [], [2 ** 31 - 1]), tensor("int32", [], [1])]))).toEqual([-(2 ** 31)]);
    expect(elements(add([tensor("uint8", [], [255]), tensor("uint8", [], [2])]))).toEqual([1]);
  });

  test("gives no elements for no elements", () => {
    expect(add([tensor("float32", [0, 2], []), tensor("float32", [1, 2], [1, 2])])?.[0]?.shape).toEqual([0, 2]);
  });

  test("leaves to run time what the host cannot hold", () => {
    expect(add([tensor("float16", [], [0]), tensor("float16", [], [0])])).toBeUndefined();
    expect(
      add([tensor("float32", [300, 1], new Float32Array(300)), tensor("float32", [300], new Float32Array(300))]),
    ).toBeUndefined();
    expect(foldArithmetic({ float: Math.sqrt })([tensor("int64", [], [4])])).toBeUndefined();
    expect(foldMap([tensor("int64", [2], [1, 0])], "int64", (x) => (x === 0n ? undefined : x))).toBeUndefined();
  });
});

describe("foldCast", () => {
  test("truncates towards zero and refuses what has no integer", () => {
    expect(elements(foldCast(tensor("float32", [2], [2.9, -2.9]), "int64"))).toEqual([2n, -2n]);
    expect(foldCast(tensor("float32", [], [Number.POSITIVE_INFINITY]), "int64")).toBeUndefined();
    expect(foldCast(tensor("float32", [], [Number.NaN]), "int32")).toBeUndefined();
  });

  test("goes between integers, bool and floats", () => {
    expect(elements(foldCast(tensor("int64", [2], [3, 0]), "bool"))).toEqual([1, 0]);
    expect(elements(foldCast(tensor("bool", [2], [1, 0]), "float32"))).toEqual([1, 0]);
    expect(elements(foldCast(tensor("int64", [], [-1]), "uint8"))).toEqual([255]);
  });
});

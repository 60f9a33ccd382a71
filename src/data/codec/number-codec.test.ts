import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TypedArray } from "../../tensor/dtype.ts";
import { expectNoCrash } from "./decoder.contract.ts";
import { decodeNumbers, encodeNumbers, type NumberEncoding } from "./number-codec.ts";

const encodings: readonly NumberEncoding[] = (["none", "delta", "xor"] as const).flatMap((transform) =>
  (["none", "byte", "bit"] as const).map((shuffle) => ({ transform, shuffle, codec: "lz4" as const, level: 5 })),
);

const roundTrip = (values: TypedArray): void => {
  for (const encoding of encodings) {
    const back = decodeNumbers(encodeNumbers(values, encoding));
    expect(back.constructor).toBe(values.constructor);
    const [a, b] = [values, back].map((each) => new Uint8Array(each.buffer, each.byteOffset, each.byteLength));
    expect(a).toEqual(b);
  }
};

describe("encodeNumbers", () => {
  test.each([
    ["Int8Array", Int8Array.of(-128, 127, 0, -1)],
    ["Uint16Array", Uint16Array.of(65535, 0, 65535, 1)],
    ["Int32Array", Int32Array.of(-(2 ** 31), 2 ** 31 - 1, 0, -(2 ** 31))],
    ["Uint32Array", Uint32Array.of(2 ** 32 - 1, 2 ** 32 - 200)],
    ["BigInt64Array", BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 5n)],
    ["BigUint64Array", BigUint64Array.of(2n ** 64n - 1n, 0n, 2n ** 63n)],
    ["BigUint64Array, high", BigUint64Array.of(2n ** 64n - 1n, 2n ** 64n - 9n)],
    ["Float64Array", Float64Array.of(-0, Number.NaN, Number.NEGATIVE_INFINITY, 5e-324, 1)],
    ["one", Int16Array.of(-9)],
    ["none", new Float32Array(0)],
  ])("is undone at the ends of %s", (_, values) => roundTrip(values));

  test("is undone for any integers and floats", () => {
    fc.assert(fc.property(fc.int32Array({ maxLength: 300 }), roundTrip), { numRuns: 30, seed: 1 });
    fc.assert(fc.property(fc.bigInt64Array({ maxLength: 300 }), roundTrip), { numRuns: 30, seed: 2 });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), roundTrip), { numRuns: 30, seed: 3 });
    fc.assert(fc.property(fc.float32Array({ maxLength: 300 }), roundTrip), { numRuns: 30, seed: 4 });
  });

  test("stores integers in the bytes that their range needs", () => {
    const encoding = { transform: "none", shuffle: "none", codec: "lz4", level: 0 } as const;
    const sizeOf = (values: TypedArray): number => encodeNumbers(values, encoding).length;
    const few = BigInt64Array.from({ length: 4000 }, (_, i) => 10n ** 15n + BigInt((i * i) % 251));
    expect(sizeOf(few)).toBeLessThan(4000 + 200);
    const even = Int32Array.from({ length: 4000 }, (_, i) => 1_000_000 + 70_000 * i);
    expect(encodeNumbers(even, { ...encoding, transform: "delta" }).length).toBeLessThan(4000 + 200);
    expect(sizeOf(even)).toBeGreaterThan(15_000);
  });
});

describe("decodeNumbers", () => {
  test("refuses more than is allowed", () => {
    const bytes = encodeNumbers(new Float64Array(100_000), {
      transform: "none",
      shuffle: "byte",
      codec: "zstd",
      level: 1,
    });
    expect(() => decodeNumbers(bytes, { maxBytes: 799_999 })).toThrow("at most 799999 are allowed (maxBytes)");
  });

  test("never does more than refuse damaged bytes", async () => {
    const samples = [
      Int32Array.from({ length: 500 }, (_, i) => i * i),
      Float32Array.from({ length: 500 }, (_, i) => i / 7),
    ];
    const frames = samples.flatMap((values) => encodings.map((encoding) => encodeNumbers(values, encoding)));
    await expectNoCrash("numbers", frames, 200, (bytes) => decodeNumbers(bytes, { maxBytes: 1 << 20 }));
  });
});

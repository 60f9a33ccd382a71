import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import { isSpecial, measureError } from "./achieved-error.ts";
import { expectNoCrash } from "./decoder.contract.ts";
import { informationBits } from "./information-bits.ts";
import { decodeFloats, encodeFloats, type LossyMethod } from "./lossy.ts";
import { type Floats, roundBits } from "./round-bits.ts";

const encoding = { transform: "delta", shuffle: "byte", codec: "lz4", level: 5 } as const;
const bits = (values: Floats): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.byteLength / 4);

/** Checks the bound of a method by what it says, not by what the code measures. */
function expectBound(values: Floats, method: LossyMethod): void {
  const { bytes, error, lossless } = encodeFloats(values, method, encoding);
  const back = decodeFloats(bytes);
  expect(back.constructor).toBe(values.constructor);
  expect(back.length).toBe(values.length);
  if (lossless) expect(bits(back)).toEqual(bits(values));
  const finite = [...values].filter(Number.isFinite);
  const range =
    finite.length === 0 ? 0 : finite.reduce((a, b) => Math.max(a, b)) - finite.reduce((a, b) => Math.min(a, b));
  const words = values.BYTES_PER_ELEMENT / 4;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (isSpecial(values, i)) {
      for (let word = 0; word < words; word++)
        expect(bits(back)[words * i + word]).toBe(bits(values)[words * i + word]);
      continue;
    }
    const difference = Math.abs((back[i] as number) - value);
    expect(difference).toBeLessThanOrEqual(error.maxAbsolute);
    if (method.method === "absolute") expect(difference).toBeLessThanOrEqual(method.bound);
    if (method.method === "range") expect(difference).toBeLessThanOrEqual(method.bound * range);
    if (method.method === "relative") expect(difference).toBeLessThanOrEqual(method.bound * Math.abs(value));
    if (method.method === "bits" && method.keepBits !== "auto")
      expect(difference).toBeLessThanOrEqual(2 ** -(method.keepBits + 1) * Math.abs(value));
  }
}

const specials = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 1e-40, -1e-45, 5e-324];
const extremes = [3.4028234663852886e38, -3.4028234663852886e38, 1.1754943508222875e-38, 1.7e308, 65504, 65520];
const value = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -100, max: 100, noNaN: true }) },
  { weight: 2, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constantFrom(...specials, ...extremes) },
);
const method: fc.Arbitrary<LossyMethod> = fc.oneof(
  fc.record({
    method: fc.constantFrom("absolute" as const, "range" as const, "relative" as const),
    bound: fc.double({ min: 1e-12, max: 10, noNaN: true }),
  }),
  fc.record({
    method: fc.constant("bits" as const),
    keepBits: fc.oneof(fc.integer({ min: 0, max: 23 }), fc.constant("auto" as const)),
  }),
  fc.record(
    {
      method: fc.constantFrom("float16" as const, "bfloat16" as const, "int8" as const),
      bound: fc.double({ min: 1e-6, max: 10, noNaN: true }),
    },
    { requiredKeys: ["method"] },
  ),
);

describe("encodeFloats", () => {
  test("never exceeds its bound, and keeps special values bit by bit", () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 200 }), fc.boolean(), method, (list, double, each) =>
        expectBound(double ? Float64Array.from(list) : Float32Array.from(list), each),
      ),
      { numRuns: 1500, seed: 9 },
    );
  });

  test("keeps the bits of a NaN that is not the usual one", () => {
    const values = new Float32Array(100).fill(1.5);
    new Uint32Array(values.buffer)[3] = 0x7fa00001;
    for (const each of [
      { method: "absolute", bound: 0.1 },
      { method: "float16" },
      { method: "bits", keepBits: 3 },
    ] as const) {
      const result = encodeFloats(values, each, encoding);
      expect(new Uint32Array(decodeFloats(result.bytes).buffer)[3]).toBe(0x7fa00001);
      expect(result).toMatchObject({ lossless: false, exact: 1 });
    }
  });

  test("holds 0.01 where rounding to float32 would have exceeded it, and pays for it with bytes", () => {
    const smooth = Float32Array.from({ length: 20_000 }, (_, i) => 1000 * Math.sin(i / 900));
    const { bytes, error, lossless } = encodeFloats(smooth, { method: "absolute", bound: 0.01 }, encoding);
    expect(lossless).toBe(false);
    expect(error.maxAbsolute).toBeLessThanOrEqual(0.01);
    expect(error.maxAbsolute).toBeGreaterThan(0.009);
    expect(smooth.byteLength / bytes.length).toBeGreaterThan(2);
  });

  test("falls back to no loss where a bound is below what floats can say", () => {
    const values = Float32Array.from({ length: 300 }, (_, i) => 1e6 + i);
    const result = encodeFloats(values, { method: "absolute", bound: 1e-4 }, encoding);
    expect(result).toMatchObject({ lossless: true, error: { maxAbsolute: 0, psnr: null } });
    expect(decodeFloats(result.bytes)).toEqual(values);
  });

  test("refuses a bound that is none", () => {
    expect(() => encodeFloats(new Float32Array(3), { method: "absolute", bound: 0 }, encoding)).toThrow("got bound 0");
    expect(() => encodeFloats(new Float32Array(3), { method: "bits", keepBits: 24 }, encoding)).toThrow(
      "got keepBits 24",
    );
  });
});

describe("decodeFloats", () => {
  test("never does more than refuse damaged bytes", async () => {
    const values = Float32Array.from({ length: 400 }, (_, i) => (i % 50 === 0 ? Number.NaN : i / 3));
    const methods = [{ method: "absolute", bound: 0.1 }, { method: "int8" }, { method: "bfloat16" }] as const;
    const samples = methods.map((each) => encodeFloats(values, each, encoding).bytes);
    await expectNoCrash("floats", samples, 500, (bytes) => decodeFloats(bytes, { maxBytes: 1 << 20 }));
  });
});

test("roundBits rounds ties to even, like an addition in higher precision would", () => {
  // 1 + 2^-4 lies halfway between 1 and 1.125 in three bits; 1.125 + 2^-4 between 1.125 and 1.25.
  expect([...roundBits(Float64Array.of(1.0625, 1.1875, -1.0626), 3)]).toEqual([1, 1.25, -1.125]);
  expect([...roundBits(Float32Array.of(3.4028234663852886e38), 3)]).toEqual([3.4028234663852886e38]);
});

describe("informationBits", () => {
  const random = new RandomStream(3, "information");
  test("keeps more bits of less noise, and says nothing of pure noise", () => {
    const withNoise = (level: number): Float64Array =>
      Float64Array.from({ length: 30_000 }, (_, i) => 3 + Math.sin(i / 700) + level * random.normal(i));
    const keeps = [1e-1, 1e-2, 1e-3, 1e-4].map((level) => informationBits(withNoise(level)));
    expect(keeps).toEqual([...keeps].sort((a, b) => a - b));
    expect((keeps[3] as number) - (keeps[0] as number)).toBeGreaterThanOrEqual(5);
    expect(keeps[3]).toBeLessThan(20);
    const noise = Float32Array.from({ length: 30_000 }, (_, i) => 1 + random.uniform(i));
    expect(informationBits(noise)).toBe(23);
  });
});

test("measureError leaves out what is not finite", () => {
  const error = measureError(Float32Array.of(Number.NaN, 1, 3), Float32Array.of(Number.NaN, 1.5, 3));
  expect(error.maxAbsolute).toBe(0.5);
  expect(error.maxRelative).toBe(0.5);
  expect(error.psnr).toBeCloseTo(20 * Math.log10(2) - 10 * Math.log10(0.125), 10);
});

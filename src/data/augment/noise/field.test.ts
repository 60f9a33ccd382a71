import { expect, test } from "vitest";
import { philox } from "../../../base/random.ts";
import { addNoise, laplaceField, normalField, uniformField, wordField } from "./field.ts";

const mean = (values: Iterable<number>): number => {
  let [sum, count] = [0, 0];
  for (const value of values) [sum, count] = [sum + value, count + 1];
  return sum / count;
};

test("wordField is Philox of the block's number, for any length and 53-bit seeds", () => {
  const seed = 2 ** 52 + 12345;
  const expected = Array.from({ length: 10 }, (_, block) =>
    philox([block, 0, 7, 0], [seed >>> 0, Math.floor(seed / 2 ** 32)]),
  ).flat();
  for (const count of [0, 1, 15, 16, 17, 37]) expect([...wordField(seed, count, 7)]).toEqual(expected.slice(0, count));
  // Beyond the first batch.
  const far = philox([10_000, 0, 7, 0], [seed >>> 0, Math.floor(seed / 2 ** 32)]);
  expect([...wordField(seed, 40_004, 7).subarray(40_000)]).toEqual(far);
});

test("uniformField is in [0, 1) with the moments of a uniform variate, and streams are independent", () => {
  const field = uniformField(3, 100_000);
  const other = uniformField(3, 100_000, 1);
  expect(field.every((value) => value >= 0 && value < 1)).toBe(true);
  expect(mean(field)).toBeCloseTo(1 / 2, 2);
  expect(mean(field.map((value) => value * value))).toBeCloseTo(1 / 3, 2);
  expect(mean(field.map((value, i) => (value - 0.5) * ((other[i] as number) - 0.5)))).toBeCloseTo(0, 2);
});

test("normalField is the normal quantile of its words, to 7 digits, tails included", () => {
  const count = 200_000;
  const words = wordField(11, count);
  const normals = normalField(11, count);
  // Quantiles of SciPy 1.17, scipy.stats.norm.ppf((word + 0.5) / 2^32), looked up at the words nearest to them.
  for (const [p, quantile] of [
    [1e-4, -3.719016485],
    [0.0749, -1.440238268],
    [0.0751, -1.438825393],
    [0.3, -0.524400513],
    [0.5, 0],
    [0.9, 1.281551566],
    [0.999, 3.090232306],
  ] as const) {
    const target = p * 2 ** 32;
    const place = words.reduce(
      (best, word, i) => (Math.abs(word - target) < Math.abs((words[best] as number) - target) ? i : best),
      0,
    );
    // Between the word and the wanted probability the quantile is linear enough.
    const slope = Math.sqrt(2 * Math.PI) * Math.exp(quantile ** 2 / 2);
    const near = quantile + slope * (((words[place] as number) + 0.5) / 2 ** 32 - p);
    expect(normals[place]).toBeCloseTo(near, 4);
  }
  expect(mean(normals)).toBeCloseTo(0, 2);
  expect(mean(normals.map((value) => value ** 2))).toBeCloseTo(1, 2);
  expect(mean(normals.map((value) => value ** 4))).toBeCloseTo(3, 1);
});

test("a field is a function of its index: longer ones begin alike", () => {
  expect(normalField(5, 100).subarray(0, 33)).toEqual(normalField(5, 33));
  expect(normalField(5, 33)).not.toEqual(normalField(6, 33));
});

test("laplaceField has the moments of a Laplace variate", () => {
  const field = laplaceField(4, 200_000);
  expect(mean(field)).toBeCloseTo(0, 1);
  expect(mean(field.map(Math.abs))).toBeCloseTo(1, 1);
  expect(Math.abs(mean(field.map((value) => value ** 2)) / 2 - 1)).toBeLessThan(0.03);
  const words = wordField(4, 100);
  for (const [i, word] of words.entries()) {
    const magnitude = -Math.log(((word & 0x7fffffff) + 0.5) / 2 ** 31);
    expect(field[i]).toBeCloseTo(word >>> 31 === 1 ? magnitude : -magnitude, 5);
  }
});

test("addNoise adds the field, rounds and clips", () => {
  const values = Uint8Array.from({ length: 40_003 }, (_, i) => i % 256);
  const noise = normalField(9, values.length);
  const expected = Uint8ClampedArray.from(values, (value, i) =>
    Math.fround(value + Math.fround((noise[i] as number) * 20)),
  );
  expect([...addNoise(values, "normals", 9, 20)]).toEqual([...expected]);
});

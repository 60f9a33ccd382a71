import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import { rowFilter } from "./row-filter.ts";
import { sampleSystematic, sortedOrder } from "./systematic.ts";

test("has exactly n rows, as evenly spaced as whole rows can be, for awkward sizes", () => {
  const pair = fc.tuple(fc.integer({ min: 1, max: 1e15 }), fc.integer({ min: 1, max: 500 }), fc.maxSafeNat());
  fc.assert(
    fc.property(pair, ([size, wanted, seed]) => {
      const n = Math.min(size, wanted);
      const { rows, interval } = sampleSystematic({ size, n, seed });
      expect(rows.length).toBe(n);
      expect(interval).toBe(size / n);
      for (let i = 1; i < n; i++) {
        const step = (rows[i] as number) - (rows[i - 1] as number);
        expect(step === Math.floor(size / n) || step === Math.ceil(size / n)).toBe(true);
      }
      expect((rows[0] as number) >= 0 && (rows[n - 1] as number) < size).toBe(true);
      const start = BigInt(Math.floor(new RandomStream(seed, "systematic").uniform(0) * size));
      const formula = Array.from({ length: n }, (_, i) => Number((BigInt(i) * BigInt(size) + start) / BigInt(n)));
      expect([...rows]).toEqual(formula);
    }),
    { seed: 1 },
  );
});

test("every row comes up for as many starts as any other", () => {
  // The formula with every start there is, against the rows that integer arithmetic gives.
  for (const [size, n] of [
    [10, 4],
    [7, 3],
    [12, 12],
    [9, 1],
  ] as const) {
    const counts = new Map<number, number>();
    const samples = new Set<string>();
    for (let start = 0; start < size; start++)
      for (let i = 0; i < n; i++) {
        const row = Math.floor((i * size + start) / n);
        counts.set(row, (counts.get(row) ?? 0) + 1);
      }
    expect([...counts.values()].every((count) => count === n)).toBe(true);
    for (let start = 0; start < size; start++)
      samples.add(Array.from({ length: n }, (_, i) => Math.floor((i * size + start) / n)).join());
    for (let seed = 0; seed < 200; seed++)
      expect(samples.has(sampleSystematic({ size, n, seed }).rows.join())).toBe(true);
  }
});

test("taking all takes all; taking none, none", () => {
  expect([...sampleSystematic({ size: 5, n: 5, seed: 9 }).rows]).toEqual([0, 1, 2, 3, 4]);
  expect(sampleSystematic({ size: 5, n: 0, seed: 9 }).rows.length).toBe(0);
  expect(sampleSystematic({ size: 0, n: 0, seed: 9 }).rows.length).toBe(0);
});

test("circular: a whole interval from any row, past the end", () => {
  for (let seed = 0; seed < 20; seed++) {
    const { rows, interval } = sampleSystematic({ size: 10, n: 4, seed, circular: true });
    expect(interval).toBe(2);
    expect([...rows]).toEqual(Array.from({ length: 4 }, (_, i) => ((rows[0] as number) + 2 * i) % 10));
  }
});

test("circular: rows are told apart up to the largest size there is", () => {
  const size = 2 ** 53 - 1;
  for (let seed = 0; seed < 20; seed++) {
    const { rows } = sampleSystematic({ size, n: 5, seed, circular: true });
    const gaps = Array.from(rows, (row, i) => BigInt(rows[(i + 1) % 5] as number) - BigInt(row));
    const step = BigInt(Math.floor(size / 5));
    for (const gap of gaps.slice(0, 4)) expect([step, step - BigInt(size)]).toContain(gap);
  }
});

test("a sort key makes the sample have its share of every range of values", () => {
  const key = Array.from({ length: 100 }, (_, row) => (row * 37) % 100);
  const { rows } = sampleSystematic({ size: 100, n: 10, seed: 4, sortKey: key });
  expect([...rows].map((row) => Math.floor((key[row] as number) / 10))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("orders by value, equal ones as they stand, NaN last; text and bigints too", () => {
  expect([...sortedOrder([2, Number.NaN, 1, 2, -1])]).toEqual([4, 2, 0, 3, 1]);
  expect([...sortedOrder(["b", "a", "b"])]).toEqual([1, 0, 2]);
  expect([...sortedOrder(new BigInt64Array([3n, -1n, 3n]))]).toEqual([1, 0, 2]);
});

test("the filter keeps the same rows whoever asks, and the share it should", () => {
  const rows = Array.from({ length: 10_000 }, (_, row) => row);
  const even = rows.filter(rowFilter({ fraction: 0.123, seed: 5, method: "systematic" }));
  expect(Math.abs(even.length - 1230)).toBeLessThanOrEqual(1);
  const steps = even.slice(1).map((row, i) => row - (even[i] as number));
  expect(new Set(steps)).toEqual(new Set([8, 9]));
  const random = rows.filter(rowFilter({ fraction: 0.123, seed: 5 }));
  expect(Math.abs(random.length - 1230)).toBeLessThan(4 * Math.sqrt(1230 * 0.877));
  expect(rows.slice(5000).filter(rowFilter({ fraction: 0.123, seed: 5 }))).toEqual(random.filter((row) => row >= 5000));
  expect(rows.every(rowFilter({ fraction: 1, seed: 0 }))).toBe(true);
  expect(rows.every(rowFilter({ fraction: 1, seed: 0, method: "systematic" }))).toBe(true);
});

test("refuses more rows than there are, and a key of another length", () => {
  expect(() => sampleSystematic({ size: 3, n: 4, seed: 0 })).toThrow(/use n: got 4, must be an integer in \[0, 3\]/);
  expect(() => sampleSystematic({ size: 3, n: 1, seed: 0, sortKey: [1] })).toThrow(/there are 3 rows/);
  for (const fraction of [0, 1.1, Number.NaN])
    expect(() => rowFilter({ fraction, seed: 0 })).toThrow(/must be in \(0, 1\]/);
});

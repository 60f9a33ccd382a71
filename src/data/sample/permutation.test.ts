import * as fc from "fast-check";
import { expect, test } from "vitest";
import { permutation } from "./permutation.ts";

/** Whether every value of [0, size) stands exactly once in the order, and `inverse` finds each. */
function isBijection(size: number, seed: number, withInverse = true): boolean {
  const order = permutation({ size, seed });
  const seen = new Uint8Array(size);
  const values = order.fill(0, new Float64Array(size));
  for (const [position, value] of values.entries()) {
    if (seen[value] !== 0 || (withInverse && order.inverse(value) !== position)) return false;
    seen[value] = 1;
  }
  return true;
}

/** Standard score of a chi-square with `bins - 1` degrees of freedom, uniform expectation. */
function chiSquareScore(values: Iterable<number>, bins: number): number {
  const counts = new Float64Array(bins);
  let total = 0;
  for (const value of values) {
    counts[value] = (counts[value] as number) + 1;
    total++;
  }
  const expected = total / bins;
  const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return (statistic - (bins - 1)) / Math.sqrt(2 * (bins - 1));
}

test("is a bijection, for sizes at and around the powers of two, and 1000003", () => {
  const powers = Array.from({ length: 16 }, (_, bits) => 2 ** bits);
  const sizes = new Set([0, 3, 1000, 1023, ...powers.flatMap((power) => [power - 1, power, power + 1])]);
  for (const size of sizes)
    for (const seed of [0, 1, 2 ** 53 - 1]) expect(isBijection(size, seed), `${size}`).toBe(true);
  expect(isBijection(1_000_003, 7, false)).toBe(true);
});

test("goes back and forth at any size", () => {
  const size = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(size, fc.maxSafeNat(), fc.double({ min: 0, max: 1, noNaN: true }), (size, seed, share) => {
      const order = permutation({ size, seed });
      const position = Math.min(size - 1, Math.floor(share * size));
      const value = order.at(position);
      expect(value >= 0 && value < size && Number.isInteger(value)).toBe(true);
      expect(order.inverse(value)).toBe(position);
    }),
    { seed: 1 },
  );
});

test("filling gives what at() gives, wherever it starts", () => {
  for (const size of [1000, 5000, 1e12]) {
    const order = permutation({ size, seed: 3 });
    const start = Math.floor(size / 3);
    expect([...order.fill(start, new Float64Array(50))]).toEqual(
      Array.from({ length: 50 }, (_, i) => order.at(start + i)),
    );
  }
});

test("is fixed: an order that was written down is found again", () => {
  const first = (size: number, seed: number): number[] => [...permutation({ size, seed }).fill(0, new Float64Array(4))];
  expect(first(10, 1)).toEqual([5, 9, 1, 2]);
  expect(first(1e6, 1)).toEqual([624152, 246212, 222318, 311219]);
  expect(first(1e12, 2 ** 40)).toEqual([263854187869, 425764064865, 926766258264, 984937111737]);
});

test("the first of a trillion are uniform and uncorrelated", () => {
  const size = 1e12;
  const count = 200_000;
  const values = permutation({ size, seed: 5 }).fill(0, new Float64Array(count));
  expect(
    Math.abs(
      chiSquareScore(
        values.map((value) => Math.floor((value / size) * 1000)),
        1000,
      ),
    ),
  ).toBeLessThan(3.5);
  expect(
    Math.abs(
      chiSquareScore(
        values.map((value) => value % 1009),
        1009,
      ),
    ),
  ).toBeLessThan(3.5);
  for (const lag of [1, 2, 3, 64, 1024]) {
    let sum = 0;
    for (let i = 0; i + lag < count; i++)
      sum += ((values[i] as number) / size - 0.5) * ((values[i + lag] as number) / size - 0.5) * 12;
    expect(Math.abs(sum / Math.sqrt(count - lag)), `lag ${lag}`).toBeLessThan(3.5);
  }
});

test("neighbouring positions are as often near each other as chance has it", () => {
  const pairs: number[] = [];
  for (let seed = 0; seed < 40; seed++) {
    const order = permutation({ size: 4096, seed }).fill(0, new Float64Array(4096));
    for (let i = 0; i + 1 < 4096; i++)
      pairs.push(Math.floor((order[i] as number) / 256) * 16 + Math.floor((order[i + 1] as number) / 256));
  }
  expect(Math.abs(chiSquareScore(pairs, 256))).toBeLessThan(4);
});

test("every order of a few is equally likely over the seeds", () => {
  const orders = [..."012 021 102 120 201 210".split(" ")];
  const seen = Array.from({ length: 6000 }, (_, seed) =>
    orders.indexOf([...permutation({ size: 3, seed }).fill(0, new Float64Array(3))].join("")),
  );
  expect(Math.abs(chiSquareScore(seen, 6))).toBeLessThan(3.5);
});

test("where a value stands is uniform over the seeds, just above the size of the table", () => {
  const size = 1025;
  const positions = Array.from({ length: 20_000 }, (_, seed) => permutation({ size, seed }).inverse(17));
  expect(Math.abs(chiSquareScore(positions, size))).toBeLessThan(3.5);
});

test("seeds, epochs, names and sizes give independent orders", () => {
  const count = 20_000;
  const base = { size: 1e6, seed: 1 };
  const order = permutation(base).fill(0, new Float64Array(count));
  for (const other of [{ seed: 2 }, { seed: 1 + 2 ** 32 }, { epoch: 1 }, { name: "other" }, { size: 1e6 + 1 }]) {
    const second = permutation({ ...base, ...other }).fill(0, new Float64Array(count));
    let same = 0;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      if (order[i] === second[i]) same++;
      sum += ((order[i] as number) / 1e6 - 0.5) * ((second[i] as number) / 1e6 - 0.5) * 12;
    }
    expect(same).toBeLessThan(3);
    expect(Math.abs(sum / Math.sqrt(count))).toBeLessThan(3.5);
  }
});

test("refuses what is no size, seed or position", () => {
  for (const size of [-1, 1.5, Number.NaN, 2 ** 53])
    expect(() => permutation({ size, seed: 0 })).toThrow(/permutation: cannot use size: got/);
  expect(() => permutation({ size: 5, seed: -1 })).toThrow(/cannot use seed/);
  expect(() => permutation({ size: 5, seed: 0, epoch: 0.5 })).toThrow(/cannot use epoch/);
  for (const size of [5, 5000]) {
    const order = permutation({ size, seed: 0 });
    for (const position of [-1, size, 0.5, Number.NaN]) {
      expect(() => order.at(position)).toThrow(RangeError);
      expect(() => order.inverse(position)).toThrow(RangeError);
    }
    expect(() => order.fill(size - 1, new Float64Array(2))).toThrow(`must be inside of [0, ${size})`);
  }
});

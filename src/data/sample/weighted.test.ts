import { expect, test } from "vitest";
import { sampleImportance, sampleWeighted } from "./weighted.ts";
import { WeightedReservoir } from "./weighted-reservoir.ts";

const count = 2000;
const weightOf = (row: number): number => 1 + (row % 7);

test("weighted reservoirs of any shards, in any order, merge to that of the whole", () => {
  const sample = (rows: Iterable<number>): WeightedReservoir<string> => {
    const reservoir = new WeightedReservoir<string>({ n: 25, seed: 3 });
    for (const row of rows) reservoir.offer(`row ${row}`, weightOf(row), row);
    return reservoir;
  };
  const rows = Array.from({ length: count }, (_, row) => row);
  const whole = sample(rows).items();
  expect(sample(rows.toReversed()).items()).toEqual(whole);
  for (const shards of [2, 3, 17]) {
    const [first, ...others] = Array.from({ length: shards }, (_, s) =>
      sample(rows.filter((row) => row % shards === s)),
    );
    for (const other of others.reverse()) first?.merge(other);
    expect(first?.items()).toEqual(whole);
    expect(first?.seen).toBe(count);
  }
});

test("jumps and keys draw alike: first draws go by weight", () => {
  for (const method of ["keys", "jumps"] as const) {
    const firsts = new Float64Array(8);
    for (let seed = 0; seed < 4000; seed++) {
      const reservoir = new WeightedReservoir<number>({ n: 3, seed, method });
      for (let row = 0; row < 50; row++) reservoir.offer(row, weightOf(row));
      const weight = reservoir.items()[0]?.weight as number;
      firsts[weight] = (firsts[weight] as number) + 1;
    }
    const total = Array.from({ length: 50 }, (_, row) => weightOf(row)).reduce((sum, weight) => sum + weight, 0);
    for (let weight = 1; weight <= 7; weight++) {
      const rows = Array.from({ length: 50 }, (_, row) => row).filter((row) => weightOf(row) === weight).length;
      const share = (weight * rows) / total;
      const error = Math.sqrt(4000 * share * (1 - share));
      expect(Math.abs((firsts[weight] as number) - 4000 * share), `${method} ${weight}`).toBeLessThan(4 * error);
    }
  }
});

test("tiny, huge and zero weights", () => {
  const weights = [1e-300, 1e300, 0, 1e-300, 5e-324];
  const drawn = sampleWeighted(weights, { n: 4, seed: 1 });
  expect(drawn.rows[0]).toBe(1);
  expect([...drawn.rows].sort()).toEqual([0, 1, 3, 4]);
  expect([...drawn.inclusionProbabilities]).toEqual([1, 1, 1, 1]);
  expect(() => sampleWeighted(weights, { n: 5, seed: 1 })).toThrow(/4 have a positive weight/);
  expect(() => sampleWeighted([0, 0], { n: 1, seed: 1 })).toThrow(/they sum to 0/);
  expect(() => sampleWeighted([1, -1], { n: 1, seed: 1 })).toThrow(/number 1 is -1/);
  const reservoir = new WeightedReservoir<number>({ n: 1, seed: 0 });
  expect(() => reservoir.offer(0, Number.NaN)).toThrow(/that of row 0 is NaN/);
});

test("importance weights are 1/(n·p), and bounded by the uniform share", () => {
  const scores = Float64Array.from({ length: 100 }, (_, row) => row);
  const { rows, weights, inclusionProbabilities } = sampleImportance(scores, { n: 500, seed: 1, uniformShare: 0.2 });
  for (const [i, row] of rows.entries()) {
    const p = 0.2 / 100 + 0.8 * (row / 4950);
    expect(inclusionProbabilities[i]).toBeCloseTo(500 * p, 10);
    expect(weights[i]).toBeCloseTo(1 / (500 * p), 10);
  }
  expect(() => sampleImportance([1], { n: 1, seed: 1, uniformShare: 2 })).toThrow(/must be in \[0, 1\]/);
});

/** Every sampler against the same properties: one row for each. */

import { describe, expect, test } from "vitest";
import { sampleClusters } from "./cluster.ts";
import { sampleRandom } from "./random.ts";
import { Reservoir } from "./reservoir.ts";
import { rowFilter } from "./row-filter.ts";
import { equalSample, estimateTotal, type Sample } from "./sample.ts";
import { hashSplit } from "./split.ts";
import { sampleStratified } from "./stratified.ts";
import { sampleSystematic } from "./systematic.ts";
import { sampleImportance, sampleWeighted } from "./weighted.ts";
import { WeightedReservoir } from "./weighted-reservoir.ts";

const size = 60;
const n = 12;
const rows = Array.from({ length: size }, (_, row) => row);
const values = rows.map((row) => 10 + ((row * 7) % 13) + (row % 10 === 3 ? 40 : 0));
const weights = rows.map((row) => 1 + (row % 5) * 2);
const strata = rows.map((row) => (row < 40 ? "common" : row < 55 ? "some" : "rare"));
const total = values.reduce((sum, value) => sum + value, 0);

const fromFilter = (keeps: (row: number) => boolean, probability: number): Sample =>
  equalSample(Float64Array.from(rows.filter(keeps)), probability);

function fromWeighted(reservoir: WeightedReservoir<number>): Sample {
  const items = reservoir.items();
  return {
    rows: Float64Array.from(items, ({ item }) => item),
    inclusionProbabilities: Float64Array.from(items, ({ inclusionProbability }) => inclusionProbability),
  };
}

interface SamplerCase {
  readonly name: string;
  readonly draw: (seed: number) => Sample;
  /** Rows it has, when that is certain. */
  readonly n?: number;
  readonly replaces?: boolean;
}

const cases: readonly SamplerCase[] = [
  { name: "random", n, draw: (seed) => sampleRandom({ size, n, seed }) },
  {
    name: "random with replacement",
    n,
    replaces: true,
    draw: (seed) => sampleRandom({ size, n, seed, replace: true }),
  },
  { name: "random filter", draw: (seed) => fromFilter(rowFilter({ fraction: 0.2, seed }), 0.2) },
  { name: "systematic", n: 13, draw: (seed) => sampleSystematic({ size, n: 13, seed }) },
  { name: "systematic, circular", n: 13, draw: (seed) => sampleSystematic({ size, n: 13, seed, circular: true }) },
  { name: "systematic by a key", n, draw: (seed) => sampleSystematic({ size, n, seed, sortKey: values }) },
  {
    name: "systematic filter",
    draw: (seed) => fromFilter(rowFilter({ fraction: 0.23, seed, method: "systematic" }), 0.23),
  },
  { name: "stratified, proportional", n, draw: (seed) => sampleStratified(strata, { n, seed }) },
  { name: "stratified, equal", n, draw: (seed) => sampleStratified(strata, { n, seed, allocation: "equal" }) },
  {
    name: "stratified, Neyman",
    n,
    draw: (seed) => {
      const deviations = new Map([
        ["common", 1],
        ["some", 5],
        ["rare", 20],
      ]);
      return sampleStratified(strata, { n, seed, allocation: "neyman", deviations, minimum: 1 });
    },
  },
  { name: "clusters", draw: (seed) => sampleClusters([10, 20, 5, 15, 10], { clusters: 2, seed }) },
  {
    name: "two stages",
    draw: (seed) => sampleClusters([10, 20, 5, 15, 10], { clusters: 3, rowsPerCluster: 7, seed }),
  },
  {
    name: "reservoir",
    n,
    draw: (seed) => {
      const reservoir = new Reservoir<number>({ n, seed });
      for (const row of rows) reservoir.offer(row);
      return equalSample(Float64Array.from(reservoir.items), reservoir.inclusionProbability);
    },
  },
  {
    name: "reservoirs merged",
    n,
    draw: (seed) => {
      const [a, b] = ["a", "b"].map((name) => new Reservoir<number>({ n, seed, name })) as [
        Reservoir<number>,
        Reservoir<number>,
      ];
      for (const row of rows) (row < 17 ? a : b).offer(row);
      const { items, seen } = a.merge(b);
      return equalSample(Float64Array.from(items), n / seen);
    },
  },
  { name: "weighted", n, draw: (seed) => sampleWeighted(weights, { n, seed }) },
  {
    name: "weighted with replacement",
    n,
    replaces: true,
    draw: (seed) => sampleWeighted(weights, { n, seed, replace: true }),
  },
  {
    name: "weighted by jumps",
    n,
    draw: (seed) => {
      const reservoir = new WeightedReservoir<number>({ n, seed, method: "jumps" });
      for (const row of rows) reservoir.offer(row, weights[row] as number);
      return fromWeighted(reservoir);
    },
  },
  {
    name: "weighted by jumps, merged",
    n,
    draw: (seed) => {
      const [a, b] = [0, 1].map((k) => new WeightedReservoir<number>({ n, seed: 2 * seed + k, method: "jumps" })) as [
        WeightedReservoir<number>,
        WeightedReservoir<number>,
      ];
      for (const row of rows) (row < 17 ? a : b).offer(row, weights[row] as number, row);
      a.merge(b);
      return fromWeighted(a);
    },
  },
  { name: "importance", n, replaces: true, draw: (seed) => sampleImportance(weights, { n, seed }) },
  {
    name: "hash of a group",
    draw: (seed) => {
      const partOf = hashSplit({ train: 0.8, test: 0.2 }, { seed });
      return fromFilter((row) => partOf(Math.floor(row / 2)) === "test", 0.2);
    },
  },
];

describe.each(cases)("$name", ({ draw, n: count, replaces = false }) => {
  test("gives rows that exist, as often as it may, with their probabilities; the same for the same seed", () => {
    for (const seed of [0, 1, 2 ** 40]) {
      const sample = draw(seed);
      expect(draw(seed)).toEqual(sample);
      expect(sample.rows.every((row) => Number.isInteger(row) && row >= 0 && row < size)).toBe(true);
      expect(sample.inclusionProbabilities.length).toBe(sample.rows.length);
      expect(sample.inclusionProbabilities.every((p) => p > 0 && (replaces || p <= 1))).toBe(true);
      if (count !== undefined) expect(sample.rows.length).toBe(count);
      if (!replaces) expect(new Set(sample.rows).size).toBe(sample.rows.length);
    }
    expect(new Set(Array.from({ length: 40 }, (_, seed) => draw(seed).rows.join())).size).toBeGreaterThan(4);
  });

  test("estimates totals, and each row's own value, without bias", () => {
    const rounds = 4000;
    const estimates = new Float64Array(rounds);
    // By row, the mean and mean square of 1/π when it is drawn, whose expectation is 1.
    const sums = new Float64Array(size);
    const squares = new Float64Array(size);
    for (let seed = 0; seed < rounds; seed++) {
      const sample = draw(seed);
      estimates[seed] = estimateTotal(
        sample,
        sample.rows.map((row) => values[row] as number),
      );
      const counts = new Map<number, number>();
      for (const [i, row] of sample.rows.entries())
        counts.set(row, (counts.get(row) ?? 0) + 1 / (sample.inclusionProbabilities[i] as number));
      for (const [row, count] of counts) {
        sums[row] = (sums[row] as number) + count;
        squares[row] = (squares[row] as number) + count * count;
      }
    }
    const mean = estimates.reduce((sum, value) => sum + value, 0) / rounds;
    const variance = estimates.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (rounds - 1);
    expect(Math.abs(mean - total)).toBeLessThan(3.5 * Math.sqrt(variance / rounds) + 1e-9 * total);
    for (const row of rows) {
      const share = (sums[row] as number) / rounds;
      const error = Math.sqrt(((squares[row] as number) / rounds - share * share) / rounds);
      // 60 rows of 20 samplers: the largest of 1200 standard scores is below 4.5 in 99 of 100 runs.
      expect(Math.abs(share - 1), `row ${row}`).toBeLessThan(4.5 * error + 1e-9);
    }
  });
});

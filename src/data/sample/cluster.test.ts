import { expect, test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import { designEffect, sampleClusters } from "./cluster.ts";

test("one stage takes whole clusters; two stages take some rows of each", () => {
  const sizes = [3, 4, 0, 5];
  const whole = sampleClusters(sizes, { clusters: 4, seed: 1 });
  expect([...whole.rows]).toEqual(Array.from({ length: 12 }, (_, i) => i));
  const some = sampleClusters(sizes, { clusters: 3, rowsPerCluster: 2, seed: 5 });
  const starts = [0, 3, 7, 7, 12];
  for (const row of some.rows)
    expect(some.clusters.some((c) => row >= (starts[c] as number) && row < (starts[c + 1] as number))).toBe(true);
  expect([...some.rows]).toEqual([...some.rows].sort((a, b) => a - b));
});

test("the design effect is what variances of many samples show", () => {
  // 40 clusters of 10 rows: half of the variance lies between them.
  const stream = new RandomStream(1, "clusters");
  const values = Float64Array.from(
    { length: 400 },
    (_, row) => stream.normal(1000 + Math.floor(row / 10)) + stream.normal(row),
  );
  const clusterOf = values.map((_, row) => Math.floor(row / 10));
  const { designEffect: effect, intraclassCorrelation, effectiveSampleSize } = designEffect(values, clusterOf);
  expect(effectiveSampleSize).toBeCloseTo(400 / effect, 9);
  expect(intraclassCorrelation).toBeGreaterThan(0.25);
  const population = values.reduce((sum, x) => sum + x, 0) / 400;
  const variance = values.reduce((sum, x) => sum + (x - population) ** 2, 0) / 399;
  let squares = 0;
  for (let seed = 0; seed < 3000; seed++) {
    const { rows } = sampleClusters(new Array(40).fill(10), { clusters: 4, seed });
    squares += (rows.reduce((sum, row) => sum + (values[row] as number), 0) / rows.length - population) ** 2;
  }
  // Clusters are drawn without replacement: their variance has a finite correction of 1 − 4/40.
  const measured = squares / 3000 / (1 - 4 / 40) / (variance / 40);
  expect(measured / effect).toBeGreaterThan(0.85);
  expect(measured / effect).toBeLessThan(1.15);
});

test("alike within clusters costs all, unlike costs nothing", () => {
  expect(designEffect([1, 2, 1, 2, 1, 2], [0, 0, 1, 1, 2, 2]).designEffect).toBe(1);
  expect(designEffect([4, 4, 4, 4], [0, 0, 1, 1]).designEffect).toBe(1);
  expect(() => designEffect([1, 2], [0, 1])).toThrow(/more rows than clusters/);
  expect(() => sampleClusters([1, 2], { clusters: 3, seed: 0 })).toThrow(/use clusters: got 3/);
});

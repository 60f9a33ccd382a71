import { expect, test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import { Periodicity } from "./periodicity.ts";

test("a period shows at its interval and multiples; noise, trends and slow waves do not", () => {
  const stream = new RandomStream(5, "periods");
  const report = (lag: number, value: (row: number) => number): boolean => {
    const period = new Periodicity(lag);
    for (let row = 0; row < 5000; row++) period.add(value(row));
    return period.report().isPeriodic;
  };
  expect(report(7, (row) => (row % 7 === 6 ? 1 : 0) + 0.3 * stream.normal(row))).toBe(true);
  expect(report(14, (row) => (row % 7 === 6 ? 1 : 0) + 0.3 * stream.normal(row))).toBe(true);
  expect(report(100, (row) => Math.sin((2 * Math.PI * row) / 100))).toBe(true);
  expect(report(9, (row) => (row % 7 === 6 ? 1 : 0) + 0.3 * stream.normal(row))).toBe(false);
  expect(report(50, (row) => stream.normal(row))).toBe(false);
  expect(report(50, (row) => row)).toBe(false);
  expect(report(50, (row) => Math.sin((2 * Math.PI * row) / 5000))).toBe(false);
  expect(report(50, () => 3)).toBe(false);
});

test("the autocorrelation is that of the formula", () => {
  const values = Array.from({ length: 300 }, (_, i) => 1e6 + ((i * i) % 23));
  const mean = values.reduce((sum, x) => sum + x, 0) / 300;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  const product = values.slice(23).reduce((sum, x, i) => sum + (x - mean) * ((values[i] as number) - mean), 0);
  const period = new Periodicity(23);
  for (const value of values) period.add(value);
  expect(period.report().autocorrelation).toBeCloseTo(product / variance, 10);
  expect(() => new Periodicity(1)).toThrow(RangeError);
});

import { describe, expect, test } from "vitest";
import { Curve, smoothed } from "./curve.ts";

describe("Curve", () => {
  test("keeps every value while there is room", () => {
    const curve = new Curve(8);
    for (let step = 1; step <= 8; step++) curve.add(step, 10 - step);
    expect(curve.points.map(({ mean }) => mean)).toEqual([9, 8, 7, 6, 5, 4, 3, 2]);
  });

  test("stays bounded, and keeps range, mean and number of what it merged", () => {
    const curve = new Curve(16);
    const values = Array.from({ length: 10_007 }, (_, i) => Math.sin(i) * 3 + i / 1000);
    values.forEach((value, i) => {
      curve.add(i + 1, value);
    });
    expect(curve.points.length).toBeLessThanOrEqual(16);
    expect(curve.points.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
    for (const { first, last, min, max, mean } of curve.points) {
      const part = values.slice(first - 1, last);
      expect(min).toBe(Math.min(...part));
      expect(max).toBe(Math.max(...part));
      expect(mean).toBeCloseTo(part.reduce((a, b) => a + b) / part.length, 9);
    }
    expect(curve.points[0]?.first).toBe(1);
    expect(curve.points.at(-1)?.last).toBe(values.length);
  });

  test("leaves out what is not finite", () => {
    const curve = new Curve();
    for (const value of [1, Number.NaN, Number.POSITIVE_INFINITY, 2]) curve.add(1, value);
    expect(curve.points.map(({ mean }) => mean)).toEqual([1, 2]);
  });

  test("finds the point nearest to a step", () => {
    const curve = new Curve();
    for (const step of [10, 20, 30]) curve.add(step, step);
    expect([1, 14, 16, 30, 99].map((step) => curve.at(step)?.mean)).toEqual([10, 10, 20, 30, 30]);
    expect(new Curve().at(1)).toBeUndefined();
  });

  test("comes back from JSON and goes on in the same stride", () => {
    const [whole, part] = [new Curve(8), new Curve(8)];
    for (let step = 1; step <= 50; step++) whole.add(step, step % 7);
    for (let step = 1; step <= 20; step++) part.add(step, step % 7);
    const back = Curve.from(JSON.parse(JSON.stringify(part)), 8);
    for (let step = 21; step <= 50; step++) back.add(step, step % 7);
    expect(back.toJSON()).toEqual(whole.toJSON());
  });

  test("forgets what came after a checkpoint", () => {
    const curve = new Curve();
    for (let step = 1; step <= 9; step++) curve.add(step, step);
    curve.truncate(6);
    expect(curve.points.at(-1)?.last).toBe(6);
  });
});

describe("smoothed", () => {
  const curveOf = (values: readonly number[]): Curve => {
    const curve = new Curve();
    values.forEach((value, i) => {
      curve.add(i + 1, value);
    });
    return curve;
  };

  test("leaves a straight line as it is, to its ends", () => {
    const line = Array.from({ length: 50 }, (_, i) => 3 - i * 0.05);
    smoothed(curveOf(line).points, 0.1).forEach((value, i) => {
      expect(value).toBeCloseTo(line[i] as number, 9);
    });
  });

  test("takes most of the noise away", () => {
    const noise = Array.from({ length: 400 }, (_, i) => Math.sin(i * 12.9898) * Math.cos(i * 4.1414));
    const size = (values: readonly number[]): number => Math.hypot(...values) / Math.sqrt(values.length);
    expect(size(smoothed(curveOf(noise).points, 0.05))).toBeLessThan(size(noise) / 3);
  });

  test("of one point is that point, of none nothing", () => {
    expect(smoothed(curveOf([2]).points, 0.1)).toEqual([2]);
    expect(smoothed([], 0.1)).toEqual([]);
  });
});

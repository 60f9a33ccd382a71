import { describe, expect, test } from "vitest";
import { scale, ticks } from "./scale.ts";

describe("scale", () => {
  test("maps ends to ends, and back", () => {
    for (const kind of ["linear", "log"] as const) {
      const x = scale(kind, [0.5, 8], [100, 20]);
      expect([x(0.5), x(8)]).toEqual([100, 20]);
      expect(x.invert(x(3))).toBeCloseTo(3, 12);
    }
    expect(scale("log", [1, 100], [0, 2])(10)).toBeCloseTo(1, 12);
  });

  test("has a place for a range of one number", () => {
    expect(scale("linear", [3, 3], [0, 10])(3)).toBe(0);
  });
});

describe("ticks", () => {
  test("are round and inside", () => {
    expect(ticks("linear", [0, 1000], 5)).toEqual([0, 200, 400, 600, 800, 1000]);
    expect(ticks("linear", [1.13, 4.21], 3)).toEqual([2, 3, 4]);
    expect(ticks("linear", [1.1, 2.9], 4)).toEqual([1.5, 2, 2.5]);
    expect(ticks("linear", [0.11, 0.62], 3)).toEqual([0.2, 0.4, 0.6]);
  });

  test("on a logarithmic axis stay few over many decades", () => {
    expect(ticks("log", [0.4, 4.2], 5)).toEqual([0.5, 0.7, 1, 2, 3]);
    expect(ticks("log", [1e-4, 10], 5)).toEqual([1e-4, 1e-3, 1e-2, 0.1, 1, 10]);
  });

  test("on a logarithmic axis over a small range are those of a linear one", () => {
    expect(ticks("log", [2, 3], 5)).toEqual(ticks("linear", [2, 3], 5));
  });

  test("of a single number are that number", () => {
    expect(ticks("linear", [2, 2], 5)).toEqual([2]);
  });
});

import { describe, expect, test } from "vitest";
import {
  exponentialDecay,
  inverseSquareRoot,
  inverseTime,
  multiStep,
  naturalExp,
  piecewiseConstant,
  polynomialDecay,
  stepDecay,
} from "./decay.ts";

describe("staircases", () => {
  test.each([3, 7, 10, 49, 1000])("change at exact multiples of %i steps above 2^24, where float32 fails", (size) => {
    const first = Math.ceil(2 ** 24 / size);
    for (let k = first; k < first + 500; k++) {
      const schedule = inverseTime({ initial: 1, rate: 1, steps: size, staircase: true });
      expect(schedule(k * size - 1)).toBe(1 / k);
      expect(schedule(k * size)).toBe(1 / (k + 1));
    }
  });

  test("are the same in PyTorch's and TF1's spelling", () => {
    const torch = stepDecay({ initial: 0.1, size: 7, factor: 0.5 });
    const tf1 = exponentialDecay({ initial: 0.1, rate: 0.5, steps: 7, staircase: true });
    for (let step = 0; step < 100; step++) expect(torch(step)).toBe(tf1(step));
  });
});

test("at a boundary, multiStep has the new value and piecewiseConstant the old one", () => {
  expect(multiStep({ initial: 1, milestones: [10], factor: 0.5 })(10)).toBe(0.5);
  expect(piecewiseConstant({ boundaries: [10], values: [1, 0.5] })(10)).toBe(1);
});

test("inverseSquareRoot peaks at the end of its warm-up", () => {
  const schedule = inverseSquareRoot({ size: 64, warmup: 100, scale: 2 });
  expect(schedule(99)).toBeCloseTo(2 / Math.sqrt(64 * 100), 14);
  expect(schedule(98)).toBeLessThan(schedule(99));
  expect(schedule(100)).toBeLessThan(schedule(99));
});

test.each([
  [() => stepDecay({ initial: -1, size: 1 }), "stepDecay: cannot use initial: got -1, must be at least 0"],
  [() => stepDecay({ initial: 1, size: 1.5 }), "stepDecay: cannot use size: got 1.5, must be a positive integer"],
  [
    () => multiStep({ initial: 1, milestones: [5, 4] }),
    "multiStep: cannot use boundaries: got [5, 4], must be positive and rising",
  ],
  [
    () => piecewiseConstant({ boundaries: [5], values: [1] }),
    "piecewiseConstant: cannot use 1 boundaries: got 1 values, there must be one value more than boundaries",
  ],
  [
    () => piecewiseConstant({ boundaries: [5], values: [1, -2] }),
    "piecewiseConstant: cannot use values[1]: got -2, must be at least 0",
  ],
  [
    () => exponentialDecay({ initial: 1, rate: -1, steps: 1 }),
    "exponentialDecay: cannot use rate: got -1, must be at least 0",
  ],
  [() => naturalExp({ initial: 1, rate: 1, steps: 0 }), "naturalExp: cannot use steps: got 0, must be positive"],
  [
    () => polynomialDecay({ initial: 1, steps: 1, power: 0 }),
    "polynomialDecay: cannot use power: got 0, must be positive",
  ],
  [() => inverseSquareRoot({ size: 0, warmup: 1 }), "inverseSquareRoot: cannot use size: got 0, must be positive"],
])("refuses %s", (make, message) => {
  expect(make).toThrow(new RangeError(message));
});

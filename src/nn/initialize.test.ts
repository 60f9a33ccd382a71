import { describe, expect, test } from "vitest";
import { readFixture } from "../../test/support/run-layer.ts";
import { RandomStream } from "../base/random.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import {
  constant,
  fansOf,
  gainOf,
  kaimingNormal,
  kaimingUniform,
  type Nonlinearity,
  normal,
  ones,
  orthogonal,
  truncatedNormal,
  uniform,
  uniformBias,
  xavierNormal,
  xavierUniform,
  zeros,
} from "./initialize.ts";
import type { Initializer } from "./layer.ts";

function draw(initialize: Initializer, shape: Shape, seed = 1, name = "weight"): Float64Array {
  const data = new Float64Array(sizeOf(shape));
  initialize(shape, data, new RandomStream(seed, name));
  return data;
}

function momentsOf(data: Float64Array): { mean: number; std: number; low: number; high: number } {
  const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
  const std = Math.sqrt(data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length);
  return { mean, std, low: Math.min(...data), high: Math.max(...data) };
}

/** 200 outputs, 100 inputs, kernel 5: fanIn 500, fanOut 1000, 100,000 numbers. */
const shape = [200, 100, 5];

/** Standard deviation, and bound for uniform ones, that each initialiser must have on `shape`. */
const table: Readonly<Record<string, { initialize: Initializer; mean?: number; std: number; bound?: number }>> = {
  "uniform(-1, 3)": { initialize: uniform(-1, 3), mean: 1, std: 4 / Math.sqrt(12), bound: 2 },
  "normal()": { initialize: normal(), std: 1 },
  "normal({ mean: 2, std: 0.02 })": { initialize: normal({ mean: 2, std: 0.02 }), mean: 2, std: 0.02 },
  // A standard normal cut at ±2 has variance 1 − 4φ(2)/(2Φ(2) − 1).
  "truncatedNormal()": { initialize: truncatedNormal(), std: Math.sqrt(0.7737413) },
  "kaimingUniform()": { initialize: kaimingUniform(), std: 1 / Math.sqrt(1500), bound: 1 / Math.sqrt(500) },
  "kaimingUniform relu": {
    initialize: kaimingUniform({ nonlinearity: "relu" }),
    std: Math.sqrt(2 / 500),
    bound: Math.sqrt(6 / 500),
  },
  "kaimingNormal()": { initialize: kaimingNormal(), std: Math.sqrt(2 / 500) },
  "kaimingNormal fanOut relu": {
    initialize: kaimingNormal({ mode: "fanOut", nonlinearity: "relu" }),
    std: Math.sqrt(2 / 1000),
  },
  "xavierUniform()": { initialize: xavierUniform(), std: Math.sqrt(2 / 1500), bound: Math.sqrt(6 / 1500) },
  "xavierNormal(5/3)": { initialize: xavierNormal(gainOf("tanh")), std: (5 / 3) * Math.sqrt(2 / 1500) },
  "uniformBias(100)": { initialize: uniformBias(100), std: 0.1 / Math.sqrt(3), bound: 0.1 },
};

for (const [name, { initialize, mean = 0, std, bound }] of Object.entries(table))
  test(`${name} has the mean, deviation and bounds of its formula`, () => {
    const found = momentsOf(draw(initialize, shape));
    // Four standard errors of 100,000 draws, of a distribution with kurtosis up to 3.
    expect(Math.abs(found.mean - mean)).toBeLessThan((4 * std) / Math.sqrt(1e5));
    expect(Math.abs(found.std / std - 1)).toBeLessThan(4 / Math.sqrt(2e5));
    if (bound === undefined) return;
    expect(found.low).toBeGreaterThanOrEqual(mean - bound);
    expect(found.high).toBeLessThan(mean + bound);
    expect(found.high).toBeGreaterThan(mean + bound * 0.999);
  });

test("an initialiser gives the same numbers for the same seed and name, and others for others", () => {
  for (const { initialize } of Object.values(table)) {
    const first = draw(initialize, [20, 5, 3]);
    expect(draw(initialize, [20, 5, 3])).toEqual(first);
    expect(draw(initialize, [20, 5, 3], 2)).not.toEqual(first);
    expect(draw(initialize, [20, 5, 3], 1, "other")).not.toEqual(first);
  }
});

test("constants fill", () => {
  expect([...draw(zeros(), [3])]).toEqual([0, 0, 0]);
  expect([...draw(ones(), [3])]).toEqual([1, 1, 1]);
  expect([...draw(constant(-2.5), [2])]).toEqual([-2.5, -2.5]);
});

test("truncatedNormal keeps within its bounds, also far from the mean", () => {
  const { low, high } = momentsOf(draw(truncatedNormal({ mean: 1, std: 0.5, low: 1.9, high: 2 }), [5000]));
  expect(low).toBeGreaterThanOrEqual(1.9);
  expect(high).toBeLessThanOrEqual(2);
});

describe("orthogonal", () => {
  for (const shape of [
    [4, 10],
    [10, 4],
    [6, 6],
    [3, 2, 2],
  ])
    test(`rows or columns of [${shape.join(", ")}] are orthogonal and of length gain`, () => {
      const data = draw(orthogonal(2), shape);
      const rows = shape[0] as number;
      const columns = data.length / rows;
      const at = (row: number, column: number) => data[row * columns + column] as number;
      const count = Math.min(rows, columns);
      for (let a = 0; a < count; a++)
        for (let b = 0; b < count; b++) {
          let sum = 0;
          for (let k = 0; k < Math.max(rows, columns); k++)
            sum += rows <= columns ? at(a, k) * at(b, k) : at(k, a) * at(k, b);
          expect(sum).toBeCloseTo(a === b ? 4 : 0, 10);
        }
    });
});

test("fans and gains are PyTorch's", () => {
  const { fans, gains, leakyReluGain } = readFixture("initializers") as {
    fans: { shape: number[]; fans: [number, number] }[];
    gains: Record<Nonlinearity, number>;
    leakyReluGain: number;
  };
  for (const { shape, fans: expected } of fans) expect(Object.values(fansOf(shape))).toEqual(expected);
  for (const [name, gain] of Object.entries(gains)) expect(gainOf(name as Nonlinearity)).toBeCloseTo(gain, 14);
  expect(gainOf("leakyRelu", 0.2)).toBeCloseTo(leakyReluGain, 14);
});

test("an initialiser says what it cannot do", () => {
  expect(() => uniform(1, 1)).toThrow(
    "uniform: cannot use interval: got [1, 1), the low end must be below the high end",
  );
  expect(() => normal({ std: -1 })).toThrow(RangeError);
  expect(() => truncatedNormal({ low: 3, high: 4 })).toThrow(RangeError);
  expect(() => uniformBias(0)).toThrow(RangeError);
  expect(() => draw(kaimingUniform(), [5])).toThrow("fansOf: cannot count inputs and outputs: got [5]");
  expect(() => draw(orthogonal(), [5])).toThrow("a weight has at least 2 axes");
  expect(() => ones()([2], new Int32Array(2), new RandomStream(0, "x"))).toThrow(TypeError);
});

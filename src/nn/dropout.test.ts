/** Dropout's mask: its rate, that elements, steps and layers are independent, and that it can be drawn again. */

import { describe, expect, test } from "vitest";
import { runLayer, runLayerSteps } from "../../test/support/run-layer.ts";
import { createBuilder } from "../ops/registry.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { filled, tensor } from "../tensor/tensor.ts";
import { dropout } from "./dropout.ts";
import { rootScope } from "./layer.ts";
import { sequential } from "./sequential.ts";

/** Masks of ones: 1 where an element is kept, one per seed. */
async function masksOf(rate: number, shape: Shape, stepSeeds: readonly number[], path = "0"): Promise<Uint8Array[]> {
  const layer = sequential({ [path]: dropout(rate) });
  const results = await runLayerSteps({ layer, x: filled("float32", shape, 1), stepSeeds });
  return results.map(({ output }) => Uint8Array.from(output.data as Float32Array, (x) => (x === 0 ? 0 : 1)));
}

/** Correlation of pairs of 0/1 in standard errors: about standard normal if they are independent. */
function dependence(a: ArrayLike<number>, b: ArrayLike<number>, rate: number): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - 1 + rate) * ((b[i] as number) - 1 + rate);
  return sum / (rate * (1 - rate) * Math.sqrt(a.length));
}

const meanOf = (mask: ArrayLike<number>) => Array.from(mask).reduce((sum, x) => sum + x, 0) / mask.length;

test("elements are dropped at the rate, and the others grow so that the mean stays", async () => {
  for (const rate of [0.1, 0.2, 0.5, 0.9]) {
    const { output } = await runLayer({ layer: dropout(rate), x: filled("float32", [300, 400], 3), stepSeeds: [7] });
    const values = [...new Set(output.data as Float32Array)].sort();
    expect(values).toEqual([0, Math.fround(3 * Math.fround(1 / (1 - rate)))]);
    const kept = meanOf(Uint8Array.from(output.data as Float32Array, (x) => Number(x !== 0)));
    expect(Math.abs(kept - 1 + rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / 120000));
  }
});

describe("independence", () => {
  const rate = 0.5;
  const shape = [64, 96, 64]; // grid 576 × 683 or so: no axis of the tensor is an axis of the grid
  const size = sizeOf(shape);
  // Consecutive seeds, as a step counter gives them, and unrelated ones.
  const seeds = [0, 1, 2, 3, 4, 5, 6, 7, 0x7fffffff, 0x80000000, 0xdeadbeef, 0xffffffff];
  const masks = masksOf(rate, shape, seeds);

  test("of neighbouring elements along each axis", async () => {
    for (const mask of await masks)
      for (const distance of [1, 2, 3, 64, 128, 96 * 64]) {
        const found = dependence(mask.subarray(distance), mask.subarray(0, size - distance), rate);
        expect(Math.abs(found), `distance ${distance}`).toBeLessThan(4.5);
      }
  });

  test("of the same element in different steps", async () => {
    const all = await masks;
    for (const [i, a] of all.entries())
      for (const b of all.slice(0, i)) expect(Math.abs(dependence(a, b, rate))).toBeLessThan(4.5);
  });

  test("of three consecutive steps together", async () => {
    const [a, b, c] = (await masks) as [Uint8Array, Uint8Array, Uint8Array];
    const parity = Uint8Array.from(a, (x, i) => x ^ (b[i] as number));
    expect(Math.abs(dependence(parity, c, rate))).toBeLessThan(4.5);
  });

  test("of rectangles in the grid of the hash: the corners' parity", async () => {
    const [mask] = (await masks) as [Uint8Array];
    let columns = Math.floor(Math.sqrt(size));
    while (size % columns !== 0) columns--;
    columns = size / columns;
    for (const [down, across] of [
      [1, 1],
      [1, 2],
      [2, 3],
      [5, 1],
    ] as const) {
      const top: number[] = [];
      const bottom: number[] = [];
      for (let i = 0; i + down * columns + across < size; i++) {
        top.push((mask[i] as number) ^ (mask[i + across] as number));
        bottom.push((mask[i + down * columns] as number) ^ (mask[i + down * columns + across] as number));
      }
      expect(Math.abs(dependence(top, bottom, rate)), `${down} down, ${across} across`).toBeLessThan(4.5);
    }
  });

  test("of layers", async () => {
    const [first] = (await masks) as [Uint8Array];
    for (const path of ["1", "2", "drop"]) {
      const [other] = (await masksOf(rate, shape, [0], path)) as [Uint8Array];
      expect(Math.abs(dependence(first, other, rate))).toBeLessThan(4.5);
    }
  });

  test("rows, columns and steps have their share each", async () => {
    // Σ z² over many counts is χ² if each count is binomial: neither too scattered nor too even.
    const rate = 0.2;
    const masks = await masksOf(
      rate,
      [512, 512],
      Array.from({ length: 40 }, (_, step) => step),
    );
    const z = (kept: number, of: number) => (kept - of * (1 - rate)) / Math.sqrt(of * rate * (1 - rate));
    const squares = { row: 0, column: 0, step: 0 };
    for (const mask of masks) {
      squares.step +=
        z(
          mask.reduce((sum, x) => sum + x, 0),
          mask.length,
        ) ** 2;
      for (let line = 0; line < 512; line++) {
        let [row, column] = [0, 0];
        for (let k = 0; k < 512; k++) {
          row += mask[line * 512 + k] as number;
          column += mask[k * 512 + line] as number;
        }
        squares.row += z(row, 512) ** 2;
        squares.column += z(column, 512) ** 2;
      }
    }
    const normalised = (sum: number, count: number) => Math.abs(sum - count) / Math.sqrt(2 * count);
    expect(normalised(squares.row, 40 * 512)).toBeLessThan(4.5);
    expect(normalised(squares.column, 40 * 512)).toBeLessThan(4.5);
    expect(normalised(squares.step, 40)).toBeLessThan(4.5);
  });
});

test("a seed gives the same mask each time, and another seed another", async () => {
  const [a, b, again] = (await masksOf(0.3, [7, 11], [5, 6, 5])) as [Uint8Array, Uint8Array, Uint8Array];
  expect(again).toEqual(a);
  expect(b).not.toEqual(a);
  expect((await masksOf(0.3, [7, 11], [5]))[0]).toEqual(a);
});

test("a count without divisors and a scalar have masks too", async () => {
  expect(meanOf((await masksOf(0.5, [10007], [1]))[0] as Uint8Array)).toBeCloseTo(0.5, 1);
  expect((await masksOf(0.5, [], [1]))[0]).toHaveLength(1);
});

test("the gradient goes through the kept elements only", async () => {
  const x = filled("float32", [50, 20], 1);
  const upstream = filled("float32", [50, 20], 2);
  const { output, gradients } = await runLayer({ layer: dropout(0.25), x, upstream, stepSeeds: [3] });
  expect(gradients.x?.data).toEqual(Float32Array.from(output.data as Float32Array, (y) => 2 * y));
});

test("inference and rate 0 add no nodes", () => {
  for (const [rate, training] of [
    [0.5, false],
    [0, true],
  ] as const) {
    const g = createBuilder();
    const x = g.input("x", "float32", [4]);
    expect(dropout(rate).apply(rootScope(g, { training, values: () => x }), x)).toBe(x);
    expect(g.nodes).toEqual([]);
  }
});

test("a rate out of range is refused, and so is training without a seed", () => {
  expect(() => dropout(1)).toThrow("dropout: cannot use rate: got 1, must be in [0, 1)");
  expect(() => dropout(Number.NaN)).toThrow(RangeError);
  const g = createBuilder();
  const x = g.constant(tensor("float32", [2], [1, 2]));
  expect(() => dropout(0.5).apply(rootScope(g, { training: true, values: () => x }), x)).toThrow("scope.stepSeed");
});

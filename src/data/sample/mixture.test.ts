import { expect, test } from "vitest";
import { mixture } from "./mixture.ts";

test("every block has each source in proportion to within one, and all of them to within a few", () => {
  const weights = { a: 0.523, b: 0.3, c: 0.17, d: 0.007 };
  const blockSize = 50;
  const mixed = mixture({ weights, seed: 1, blockSize });
  const totals = new Float64Array(4);
  for (let block = 0; block < 400; block++) {
    const counts = new Float64Array(4);
    for (let i = 0; i < blockSize; i++) {
      const source = mixed.sourceAt(block * blockSize + i);
      counts[source] = (counts[source] as number) + 1;
      totals[source] = (totals[source] as number) + 1;
    }
    for (const [s, weight] of Object.values(weights).entries()) {
      expect(Math.abs((counts[s] as number) - blockSize * weight)).toBeLessThan(1);
      expect(Math.abs((totals[s] as number) - (block + 1) * blockSize * weight)).toBeLessThan(4);
    }
  }
  expect([...mixed.countsBefore(400 * blockSize)]).toEqual([...totals]);
  const far = mixed.countsBefore(5e6);
  for (const [s, weight] of Object.values(weights).entries())
    expect(Math.abs((far[s] as number) - 5e6 * weight)).toBeLessThan(10);
});

test("a source is a function of the position: read in any order, resumed anywhere", () => {
  const options = { weights: { a: 2, b: 1 }, seed: 4, blockSize: 7 };
  const order = Array.from({ length: 100 }, (_, i) => mixture(options).sourceAt(i));
  const mixed = mixture(options);
  for (let i = 99; i >= 0; i--) expect(mixed.sourceAt(i)).toBe(order[i]);
  for (const i of [0, 6, 7, 50, 99])
    expect([...mixed.countsBefore(i)]).toEqual(
      [0, 1].map((s) => order.slice(0, i).filter((each) => each === s).length),
    );
  expect(Array.from({ length: 100 }, (_, i) => mixture({ ...options, seed: 5 }).sourceAt(i))).not.toEqual(order);
});

test("temperature evens out, a schedule moves, a weight of 0 never comes", () => {
  expect([...mixture({ weights: { a: 100, b: 1 }, temperature: 2, seed: 0 }).sharesAt(0)]).toEqual([10 / 11, 1 / 11]);
  const schedule = [
    { at: 0, weights: { a: 1, b: 0 } },
    { at: 1000, weights: { a: 0, b: 1 } },
  ];
  const mixed = mixture({ weights: schedule, seed: 1, blockSize: 100 });
  expect([0, 500, 1000, 9000].map((i) => mixed.sharesAt(i)[1])).toEqual([0, 0.5, 1, 1]);
  const sources = Array.from({ length: 1200 }, (_, i) => mixed.sourceAt(i));
  expect(sources.slice(0, 100).every((source) => source === 0)).toBe(true);
  expect(sources.slice(1000).every((source) => source === 1)).toBe(true);
  expect(sources.slice(500, 600).filter((source) => source === 1).length).toBe(50);
});

test("refuses weights that are none", () => {
  expect(() => mixture({ weights: { a: -1 }, seed: 0 })).toThrow(/that of "a" is -1/);
  expect(() => mixture({ weights: { a: 0 }, seed: 0 })).toThrow(/they sum to 0/);
  expect(() => mixture({ weights: {}, seed: 0 })).toThrow(/they sum to 0/);
  expect(() => mixture({ weights: { a: 1 }, temperature: 0, seed: 0 })).toThrow(/use temperature/);
  const schedule = [
    { at: 0, weights: { a: 1 } },
    { at: 0, weights: { a: 1 } },
  ];
  expect(() => mixture({ weights: schedule, seed: 0 })).toThrow(/position of weights/);
  expect(() =>
    mixture({
      weights: [
        { at: 0, weights: { a: 1 } },
        { at: 5, weights: { b: 1 } },
      ],
      seed: 0,
    }),
  ).toThrow(/those at 5 are for b, must be for a/);
});

test("counts do not depend on what was counted before", () => {
  const options = { weights: { a: 1, b: 2, c: 0.5 }, seed: 3, blockSize: 64 };
  const mixed = mixture(options);
  for (const i of [5000, 100, 7000, 7001, 3, 6400, 0])
    expect([...mixed.countsBefore(i)], String(i)).toEqual([...mixture(options).countsBefore(i)]);
});

import { describe, expect, test } from "vitest";
import { arrayTokens, type Split, tokenBatches } from "./token-batches.ts";

const counting = (n: number): ReturnType<typeof arrayTokens> => arrayTokens(Array.from({ length: n }, (_, i) => i));

describe("tokenBatches", () => {
  test("splits by position as nanoGPT's int(n * 0.9)", () => {
    expect(tokenBatches(counting(1_115_394), { seed: 1 }).sizes).toEqual({ train: 1_003_854, validation: 111_540 });
    expect(tokenBatches(counting(19), { seed: 1 }).sizes).toEqual({ train: 17, validation: 2 });
    expect(tokenBatches(counting(10), { seed: 1, validationFraction: 0 }).sizes).toEqual({ train: 10, validation: 0 });
  });

  test("rows are windows of the split, and targets are one token further", () => {
    const data = tokenBatches(counting(100), { seed: 5 });
    for (const [split, low, high] of [
      ["train", 0, 90],
      ["validation", 90, 100],
    ] as [Split, number, number][]) {
      for (let step = 0; step < 50; step++) {
        const { inputs, targets } = data.batch(step, { batchSize: 4, context: 6, split });
        expect(targets).toEqual(inputs.map((token) => token + 1));
        for (let row = 0; row < 4; row++) {
          const start = inputs[row * 6] as number;
          expect(inputs.subarray(row * 6, row * 6 + 6)).toEqual(Int32Array.from({ length: 6 }, (_, i) => start + i));
          expect(start).toBeGreaterThanOrEqual(low);
          expect(start + 6).toBeLessThan(high);
        }
      }
    }
  });

  test("offsets are uniform over [0, n - context)", () => {
    const data = tokenBatches(counting(60), { seed: 11, validationFraction: 0 });
    const counts = new Array<number>(52).fill(0);
    for (let step = 0; step < 400; step++) {
      const { inputs } = data.batch(step, { batchSize: 26, context: 8, split: "train" });
      for (let row = 0; row < 26; row++)
        counts[inputs[row * 8] as number] = (counts[inputs[row * 8] as number] as number) + 1;
    }
    const chi2 = counts.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
    expect(chi2).toBeLessThan(115); // 51 degrees of freedom, 1e-6
  });

  test("a row depends on seed, split, step and row alone", () => {
    const data = tokenBatches(counting(100_000), { seed: 1337 });
    const options = { batchSize: 8, context: 4, split: "train" } as const;
    const step9 = data.batch(9, options);
    data.batch(3, options);
    expect(data.batch(9, options)).toEqual(step9);
    expect(tokenBatches(counting(100_000), { seed: 1337 }).batch(9, options)).toEqual(step9);
    expect(data.batch(9, { ...options, batchSize: 3 }).inputs).toEqual(step9.inputs.slice(0, 12));
    expect(data.batch(9, { ...options, batchSize: 5, firstRow: 3 }).inputs).toEqual(step9.inputs.slice(12));
    expect(data.batch(10, options)).not.toEqual(step9);
    expect(tokenBatches(counting(100_000), { seed: 1338 }).batch(9, options)).not.toEqual(step9);
  });

  test("the shortest split that works has context + 1 tokens", () => {
    const options = { batchSize: 2, context: 8, split: "train" } as const;
    const { inputs } = tokenBatches(counting(9), { seed: 0, validationFraction: 0 }).batch(0, options);
    expect([...inputs]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7]);
    expect(() => tokenBatches(counting(8), { seed: 0, validationFraction: 0 }).batch(0, options)).toThrow(
      "tokenBatches: cannot cut a window of 8 tokens and its targets: the train split has 8 of 8 tokens, needs at least 9\n" +
        "hint: give more text or a shorter context",
    );
  });

  test("windows cover every target of the split once, in order", () => {
    const data = tokenBatches(counting(100), { seed: 0, validationFraction: 0.4 });
    const batches = [...data.windows({ batchSize: 2, context: 8, split: "validation" })];
    expect(batches.map(({ count }) => count)).toEqual([16, 16, 7]);
    const real = batches.flatMap(({ inputs, targets, count }) => {
      expect(inputs.length).toBe(16);
      expect([...targets.subarray(count)]).toEqual(Array(16 - count).fill(-1));
      expect(targets.slice(0, count)).toEqual(inputs.slice(0, count).map((token) => token + 1));
      return [...targets.subarray(0, count)];
    });
    expect(real).toEqual(Array.from({ length: 39 }, (_, i) => 61 + i));
    expect(() => [
      ...tokenBatches(counting(9), { seed: 0 }).windows({ batchSize: 1, context: 4, split: "validation" }),
    ]).toThrow("the validation split has 1 of 9 tokens, needs at least 2");
  });

  test.each([
    [{ batchSize: 0 }, "batchSize"],
    [{ context: 1.5 }, "context"],
    [{ firstRow: -1 }, "firstRow"],
  ])("%j is refused", (wrong, name) => {
    const data = tokenBatches(counting(100), { seed: 0 });
    expect(() => data.batch(0, { batchSize: 1, context: 4, split: "train", ...wrong })).toThrow(`cannot use ${name}`);
    expect(() => tokenBatches(counting(3), { seed: 0, validationFraction: 1 })).toThrow(RangeError);
  });
});

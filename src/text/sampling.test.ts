import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkSampling, type SamplingOptions, sampleToken } from "./sampling.ts";

/** How often each token is drawn over evenly spread random numbers: its probability to within 1/count. */
function shares(logits: readonly number[], options: SamplingOptions, count = 10_000): number[] {
  const drawn = new Array<number>(logits.length).fill(0);
  for (let i = 0; i < count; i++) {
    const id = sampleToken(logits, (i + 0.5) / count, options);
    drawn[id] = (drawn[id] as number) + 1;
  }
  return drawn.map((times) => times / count);
}

const logs = (...probabilities: number[]): number[] => probabilities.map(Math.log);

function expectShares(got: readonly number[], expected: readonly number[]): void {
  expect(got.length).toBe(expected.length);
  for (const [i, share] of got.entries()) expect(share).toBeCloseTo(expected[i] as number, 3);
}

describe("sampleToken", () => {
  test("draws by the softmax of the logits", () => {
    expectShares(shares(logs(0.1, 0.6, 0.3), {}), [0.1, 0.6, 0.3]);
    expectShares(
      shares(
        logs(0.1, 0.6, 0.3).map((x) => x + 50),
        {},
      ),
      [0.1, 0.6, 0.3],
    );
  });

  test("temperature raises probabilities to its inverse", () => {
    const total = 0.1 ** 2 + 0.6 ** 2 + 0.3 ** 2;
    expectShares(shares(logs(0.1, 0.6, 0.3), { temperature: 0.5 }), [
      0.1 ** 2 / total,
      0.6 ** 2 / total,
      0.3 ** 2 / total,
    ]);
  });

  test("temperature 0 takes the likeliest, the first of equals", () => {
    expect(sampleToken([1, 3, 3, 2], 0.999, { temperature: 0 })).toBe(1);
    expect(sampleToken([1, 3, 3, 2], 0, { temperature: 0, topK: 3, topP: 0.5 })).toBe(1);
  });

  test("a tiny temperature overflows nothing", () => {
    expect(sampleToken([1, 3, 2], 0.999, { temperature: 1e-300 })).toBe(1);
    expect(sampleToken([-1e30, 0, 1e30], 0.5)).toBe(2);
  });

  test("top-k keeps the k likeliest, the first of equals", () => {
    expectShares(shares(logs(0.1, 0.6, 0.3), { topK: 2 }), [0, 2 / 3, 1 / 3]);
    expectShares(shares(logs(0.25, 0.25, 0.25, 0.25), { topK: 2 }), [0.5, 0.5, 0, 0]);
    expectShares(shares(logs(0.5, 0.5), { topK: 100 }), [0.5, 0.5]);
  });

  test("top-p keeps the likeliest that together reach it, the one that crosses included", () => {
    expectShares(shares(logs(0.1, 0.6, 0.3), { topP: 0.6 }), [0, 1, 0]);
    expectShares(shares(logs(0.1, 0.6, 0.3), { topP: 0.65 }), [0, 2 / 3, 1 / 3]);
    expectShares(shares(logs(0.1, 0.6, 0.3), { topP: 1e-9 }), [0, 1, 0]);
    expectShares(shares(logs(0.1, 0.6, 0.3), { topP: 1 }), [0.1, 0.6, 0.3]);
  });

  test("top-p counts after temperature and top-k, as Hugging Face does", () => {
    // Of the two that top-k leaves, 0.6 is two thirds: enough for 0.65, not for 0.7.
    expectShares(shares(logs(0.1, 0.6, 0.3), { topK: 2, topP: 0.65 }), [0, 1, 0]);
    expectShares(shares(logs(0.1, 0.6, 0.3), { topK: 2, topP: 0.7 }), [0, 2 / 3, 1 / 3]);
  });

  test("always gives a token that its options allow, and leaves the logits alone", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 20 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 25 }),
        fc.double({ min: 0, max: 5, noNaN: true }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, uniform, topK, temperature, topP) => {
          const logits = Float32Array.from(values);
          const id = sampleToken(logits, uniform, { topK, temperature, topP });
          expect(Number.isInteger(id)).toBe(true);
          const better = logits.filter((x) => x > (logits[id] as number)).length;
          expect(better).toBeLessThan(temperature === 0 ? 1 : topK);
          expect(logits).toEqual(Float32Array.from(values));
        },
      ),
    );
  });
});

test("options out of range are refused by name", () => {
  const bad: [SamplingOptions, string][] = [
    [{ temperature: -1 }, "use temperature: got -1, must be at least 0"],
    [{ temperature: Number.NaN }, "use temperature: got NaN, must be at least 0"],
    [{ temperature: Infinity }, "use temperature: got Infinity, must be at least 0"],
    [{ topK: 0 }, "use topK: got 0, must be a positive integer"],
    [{ topK: 1.5 }, "use topK: got 1.5, must be a positive integer"],
    [{ topP: 0 }, "use topP: got 0, must be in (0, 1]"],
    [{ topP: 1.01 }, "use topP: got 1.01, must be in (0, 1]"],
    [{ topP: Number.NaN }, "use topP: got NaN, must be in (0, 1]"],
  ];
  for (const [options, message] of bad) {
    expect(() => checkSampling(options)).toThrow(RangeError);
    expect(() => sampleToken([1, 2], 0.5, options)).toThrow(`sample: cannot ${message}`);
  }
});

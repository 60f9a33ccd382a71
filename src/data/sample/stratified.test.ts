import * as fc from "fast-check";
import { expect, test } from "vitest";
import { estimateTotal } from "./sample.ts";
import { allocate, sampleStratified } from "./stratified.ts";

const sizesOf = (sizes: readonly number[]): Map<string, number> => new Map(sizes.map((size, i) => [`s${i}`, size]));

test("allocation adds up to n, stays within the strata, keeps the minimum", () => {
  const setting = fc.record({
    sizes: fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 12 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    minimum: fc.integer({ min: 0, max: 5 }),
    allocation: fc.constantFrom("proportional" as const, "equal" as const, "neyman" as const),
    spread: fc.integer({ min: 0, max: 7 }),
  });
  fc.assert(
    fc.property(setting, ({ sizes, share, minimum, allocation, spread }) => {
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const promised = sizes.reduce((sum, size) => sum + Math.min(size, minimum), 0);
      const n = Math.max(promised, Math.floor(share * total));
      const deviations = new Map(sizes.map((_, i) => [`s${i}`, (i * spread) % 5]));
      const counts = [...allocate(sizesOf(sizes), { n, minimum, allocation, deviations }).values()];
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(n);
      for (const [i, count] of counts.entries()) {
        expect(count).toBeLessThanOrEqual(sizes[i] as number);
        expect(count).toBeGreaterThanOrEqual(Math.min(minimum, sizes[i] as number));
      }
    }),
    { seed: 1, numRuns: 500 },
  );
});

test("proportional shares are off by less than one row", () => {
  const sizes = [601, 299, 77, 23];
  for (const n of [1, 10, 97, 500, 1000])
    for (const [i, count] of [...allocate(sizesOf(sizes), { n }).values()].entries())
      expect(Math.abs(count - (n * (sizes[i] as number)) / 1000)).toBeLessThan(1);
});

test("equal takes what a small stratum has, and the rest of the others", () => {
  expect([...allocate(sizesOf([100, 3, 100]), { n: 30, allocation: "equal" }).values()]).toEqual([14, 3, 13]);
});

test("Neyman goes by size times deviation", () => {
  const deviations = new Map([
    ["s0", 1],
    ["s1", 9],
  ]);
  expect([...allocate(sizesOf([500, 500]), { n: 100, allocation: "neyman", deviations }).values()]).toEqual([10, 90]);
  expect([...allocate(sizesOf([500, 60]), { n: 100, allocation: "neyman", deviations }).values()]).toEqual([48, 52]);
});

test("order of other strata's rows makes no difference to a stratum's", () => {
  const a = sampleStratified([..."xyxyxyxyxx"], { n: 4, seed: 1, allocation: "equal" });
  const b = sampleStratified([..."xxxxxxyyyy"], { n: 4, seed: 1, allocation: "equal" });
  const ordinals = (labels: string, sample: typeof a): string[] =>
    [...sample.rows].map(
      (row) => labels[row] + String([...labels.slice(0, row)].filter((c) => c === labels[row]).length),
    );
  expect(ordinals("xyxyxyxyxx", a).sort()).toEqual(ordinals("xxxxxxyyyy", b).sort());
});

test("with a minimum of one, totals are unbiased however unequal the strata are", () => {
  // One stratum that does not vary, one that is tiny: neither is drawn from without a minimum.
  const labels = Array.from({ length: 400 }, (_, row) => (row < 250 ? "flat" : row < 397 ? "wide" : "tiny"));
  const value = (row: number): number => (labels[row] === "flat" ? 10 : labels[row] === "wide" ? row : 5000 + row);
  const deviations = new Map(Object.entries({ flat: 0, wide: 42.4, tiny: 0.8 }));
  const total = labels.reduce((sum, _, row) => sum + value(row), 0);
  for (const allocation of ["proportional", "equal", "neyman"] as const) {
    const errors = Array.from({ length: 400 }, (_, seed) => {
      const sample = sampleStratified(labels, { n: 12, allocation, deviations, minimum: 1, seed });
      return estimateTotal(sample, Array.from(sample.rows, value)) - total;
    });
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    const variance = errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / (errors.length - 1);
    expect(Math.abs(mean), allocation).toBeLessThan(4 * Math.sqrt(variance / errors.length) + 1e-6);
    const without = sampleStratified(labels, { n: 12, allocation, deviations, seed: 1 });
    const strata = new Set(Array.from(without.rows, (row) => labels[row]));
    expect(strata.has("tiny")).toBe(allocation === "equal");
  }
});

test("refuses what cannot be allocated", () => {
  expect(() => allocate(sizesOf([2, 2]), { n: 2, minimum: 0.5 })).toThrow(/use minimum: got 0.5/);
  expect(() => allocate(sizesOf([2, 2]), { n: 2, minimum: -1 })).toThrow(/use minimum: got -1/);
  expect(() => allocate(sizesOf([2, 2]), { n: 5 })).toThrow(/use n: got 5/);
  expect(() => allocate(sizesOf([9, 9]), { n: 3, minimum: 2 })).toThrow(
    /the minimum of 2 takes 4, n must be at least that/,
  );
  expect(() => allocate(sizesOf([9]), { n: 3, allocation: "neyman" })).toThrow(/the deviation of "s0" is undefined/);
});

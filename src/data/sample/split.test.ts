import { expect, test } from "vitest";
import { hashSplit } from "./split.ts";

const shares = { train: 0.8, validation: 0.1, test: 0.1 };

test("a group never moves: not by type, order, or by what is added", () => {
  const partOf = hashSplit(shares, { seed: 1 });
  expect([partOf(7), partOf(7n)]).toEqual([partOf("7"), partOf("7")]);
  const before = Array.from({ length: 1000 }, (_, id) => partOf(`group ${id}`));
  for (let id = 5000; id > 1000; id--) partOf(`group ${id}`);
  expect(before).toEqual(Array.from({ length: 1000 }, (_, id) => partOf(`group ${id}`)));
  expect(before.slice(0, 6)).toEqual(["train", "train", "train", "test", "train", "train"]);
});

test("shares hold, for numbers, for text that differs in one letter, and over seeds", () => {
  for (const make of [(id: number) => id, (id: number) => `document-${id}.txt`, (id: number) => "a".repeat(id % 5000)])
    for (const seed of [1, 2]) {
      const partOf = hashSplit(shares, { seed });
      const count = make(5000) === "" ? 5000 : 20_000;
      const parts = Array.from({ length: count }, (_, id) => partOf(make(id)));
      for (const [part, share] of Object.entries(shares)) {
        const found = parts.filter((each) => each === part).length;
        expect(Math.abs(found - share * count), part).toBeLessThan(4 * Math.sqrt(count * share * (1 - share)));
      }
    }
  const [a, b] = [1, 2].map((seed) => hashSplit({ kept: 0.5 }, { seed }));
  const agreements = Array.from({ length: 10_000 }, (_, id) => a?.(id) === b?.(id)).filter(Boolean).length;
  expect(Math.abs(agreements - 5000)).toBeLessThan(200);
});

test("shares that sum to less leave groups out; more is refused", () => {
  const partOf = hashSplit({ kept: 0.3 }, { seed: 1 });
  const kept = Array.from({ length: 10_000 }, (_, id) => partOf(id)).filter((part) => part === "kept").length;
  expect(Math.abs(kept - 3000)).toBeLessThan(200);
  expect(() => hashSplit({ a: 0.6, b: 0.6 }, { seed: 1 })).toThrow(/they sum to 1.2/);
  expect(() => hashSplit({ a: 0 }, { seed: 1 })).toThrow(/that of "a" is 0/);
  expect(() => hashSplit({}, { seed: 1 })).toThrow(/there are none/);
});

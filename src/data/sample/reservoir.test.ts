import { expect, test } from "vitest";
import { Reservoir } from "./reservoir.ts";

const count = 2000;

test("a reservoir whose reader skips is that of one who does not", () => {
  const whole = new Reservoir<number>({ n: 10, seed: 1 });
  for (let row = 0; row < count; row++) whole.offer(row);
  const skipping = new Reservoir<number>({ n: 10, seed: 1 });
  let offered = 0;
  while (skipping.next < count) {
    skipping.skip(skipping.next - skipping.seen);
    skipping.offer(skipping.seen);
    offered++;
  }
  skipping.skip(count - skipping.seen);
  expect(skipping.items).toEqual(whole.items);
  expect(skipping.seen).toBe(count);
  expect(offered).toBeLessThan(120);
  expect(() => skipping.skip(1e9)).toThrow(RangeError);
});

test("a short stream is kept whole", () => {
  const reservoir = new Reservoir<string>({ n: 5, seed: 1 });
  for (const item of "abc") reservoir.offer(item);
  expect([reservoir.items, reservoir.inclusionProbability]).toEqual([["a", "b", "c"], 1]);
  const other = new Reservoir<string>({ n: 5, seed: 2 });
  expect(reservoir.merge(other).items.toSorted()).toEqual(["a", "b", "c"]);
});

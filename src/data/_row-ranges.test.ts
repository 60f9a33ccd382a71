import { expect, test } from "vitest";
import { RandomStream } from "../base/random.ts";
import { RowRanges } from "./_row-ranges.ts";

test("ranges count each row once, as a plain set does", () => {
  const random = new RandomStream(3, "row ranges");
  for (let round = 0; round < 50; round++) {
    const [ranges, rows] = [new RowRanges(), new Set<number>()];
    for (let i = 0; i < 60; i++) {
      const start = random.integer(round * 200 + 2 * i, 100);
      const end = start + 1 + random.integer(round * 200 + 2 * i + 1, 8);
      const before = rows.size;
      for (let row = start; row < end; row++) rows.add(row);
      expect(ranges.add(start, end)).toBe(rows.size - before);
    }
  }
});

test("a range may be longer than memory", () => {
  const ranges = new RowRanges();
  expect([ranges.add(0, 2 ** 40), ranges.add(5, 2 ** 40 + 1)]).toEqual([2 ** 40, 1]);
});

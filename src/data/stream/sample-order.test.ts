import { describe, expect, test } from "vitest";
import { type OrderSpec, sampleOrder } from "./sample-order.ts";

const shapes: readonly (readonly number[])[] = [[1], [7, 7, 7], [0, 5, 0, 0, 3], [100], [1, 2, 3, 4, 50, 6], [64, 64]];
const kinds: readonly OrderSpec[] = [
  { kind: "sequential" },
  { kind: "global" },
  ...[1, 3, 10, 64, 1000].map((blockRows): OrderSpec => ({ kind: "blocks", blockRows })),
];

const all = (size: number): number[] => Array.from({ length: size }, (_, i) => i);

describe.each(kinds)("%j", (spec) => {
  test.each(shapes.map((fileRows) => [fileRows]))("a pass over files of %j rows has each row once", (fileRows) => {
    const order = sampleOrder(spec, { fileRows, seed: 3, name: "a" });
    for (const pass of [0, 1, 1e9]) {
      const rows = all(order.size).map((position) => order.at(pass, position));
      expect(rows.toSorted((a, b) => a - b)).toEqual(all(order.size));
      // From behind, as no reader goes: nothing depends on what was asked before.
      for (const position of all(order.size).reverse()) expect(order.at(pass, position)).toBe(rows[position]);
    }
  });
});

test("seed, pass and name change the order", () => {
  const rowsOf = (seed: number, pass: number, name: string): number[] => {
    const order = sampleOrder({ kind: "blocks", blockRows: 20 }, { fileRows: new Array(10).fill(10), seed, name });
    return all(100).map((position) => order.at(pass, position));
  };
  const first = rowsOf(1, 0, "a");
  expect(rowsOf(1, 0, "a")).toEqual(first);
  for (const other of [rowsOf(2, 0, "a"), rowsOf(1, 1, "a"), rowsOf(1, 0, "b")]) expect(other).not.toEqual(first);
});

test("a block needs few files, and these are mixed", () => {
  const fileRows = new Array(40).fill(25) as number[];
  const order = sampleOrder({ kind: "blocks", blockRows: 100 }, { fileRows, seed: 5, name: "a" });
  for (let block = 0; block < 10; block++) {
    const files = all(100).map((i) => Math.floor(order.at(0, block * 100 + i) / 25));
    expect(new Set(files).size).toBe(4);
    expect(new Set(files.slice(0, 25)).size).toBeGreaterThan(2);
  }
});

test("one large file does not come in the order of its blocks", () => {
  const order = sampleOrder({ kind: "blocks", blockRows: 50 }, { fileRows: [1000], seed: 5, name: "a" });
  const blocks = all(20).map((block) => Math.floor(order.at(0, block * 50) / 50));
  expect(blocks).not.toEqual(blocks.toSorted((a, b) => a - b));
});

test("positions beyond 2^32 are as good as any", () => {
  const order = sampleOrder(
    { kind: "blocks", blockRows: 2 ** 18 },
    { fileRows: new Array(50).fill(2 ** 31), seed: 5, name: "a" },
  );
  const start = 2 ** 35;
  const rows = all(1000).map((i) => order.at(2, start + i));
  expect(new Set(rows).size).toBe(1000);
  expect(Math.max(...rows)).toBeLessThan(order.size);
  expect(() => sampleOrder({ kind: "blocks", blockRows: 0 }, { fileRows: [1], seed: 0, name: "a" })).toThrow(
    "sampleOrder: cannot use blockRows: got 0, must be a positive integer",
  );
});

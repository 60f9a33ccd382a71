import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FaultLog } from "../fault.ts";
import type { Source } from "../source/source.ts";
import type { TableSlice } from "../table.ts";
import { openPack } from "./open-pack.ts";
import { packSource } from "./pack.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "cameo-pack-"));
});
afterAll(() => rm(root, { recursive: true }));

const batchRows = 8192;
const numRows = 6000 * batchRows;

/** 1.2 GB of numbers and words, made as they are read. */
function endlessSource(): Source {
  return {
    format: "memory",
    location: "memory",
    files: [],
    schema: [
      { name: "id", type: "int64", nullable: false },
      { name: "x", type: "float64", nullable: false },
      { name: "word", type: "string", nullable: false },
    ],
    numRows,
    sizeBytes: 0,
    fingerprint: "memory:endless",
    faults: new FaultLog(),
    async *read(): AsyncGenerator<TableSlice> {
      const words = Array.from({ length: batchRows }, (_, i) => `word ${i % 50}`);
      for (let start = 0; start < numRows; start += batchRows) {
        const id = new BigInt64Array(batchRows).fill(BigInt(start));
        const x = new Float64Array(batchRows).fill(start / 3);
        yield { numRows: batchRows, rows: new Float64Array(batchRows), columns: { id, x, word: words } };
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

test("packs and reads more than it may keep in memory", async () => {
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 20);
  const before = process.memoryUsage().rss;
  const folder = join(root, "large");
  const { columns } = await packSource(endlessSource(), folder, { workers: 2 });
  expect(Object.values(columns).reduce((sum, { plainBytes }) => sum + plainBytes, 0)).toBeGreaterThan(1.2e9);
  await using pack = await openPack(folder);
  let rows = 0;
  for await (const slice of pack.read({ columns: ["id", "word"] })) rows += slice.numRows;
  clearInterval(watch);
  expect(rows).toBe(numRows);
  expect(peak - before).toBeLessThan(800e6);
});

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memoryLimitBytes, runMemoryJobs } from "../support/memory-jobs.ts";
import { makeTextSet, type TextSet } from "../support/text-set.ts";

// `npm run bench data-memory -- 20` does the same with 20 GB; the log has its figures.
let folder: string;
let set: TextSet;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cameo-memory-"));
  set = await makeTextSet(join(folder, "set"), 6e7);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.skipIf(process.platform !== "linux")(
  "sampling, checking, packing, sharding and streaming stay below the limit (needs Linux, whose kernel keeps the peak)",
  async () => {
    const seen: string[] = [];
    await runMemoryJobs(folder, (name, { code, rssBytes, stdout, stderr }) => {
      seen.push(name);
      expect([name, code, code === 0 ? "" : stderr]).toEqual([name, 0, ""]);
      expect(rssBytes).toBeGreaterThan(2 ** 25);
      expect(rssBytes).toBeLessThan(memoryLimitBytes);
      // Whole batches of 256.
      if (name === "stream") expect(JSON.parse(stdout)).toMatchObject({ samples: set.rows - (set.rows % 256) });
    });
    expect(seen).toEqual(["sample", "check", "pack", "shard", "stream"]);
  },
  120_000,
);

/** What `npm run bench data-memory` measures with 20 GB, as a test of a smaller set; the log has the figures. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memoryLimitBytes, runMemoryJobs } from "./memory-jobs.ts";
import { makeTextSet, type TextSet } from "./text-set.ts";

/** Tests that every command that reads a whole set stays below the limit on one of about `sizeBytes`. */
export function memoryContract(sizeBytes: number, timeoutMs: number): void {
  let folder: string;
  let set: TextSet;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cameo-memory-"));
    set = await makeTextSet(join(folder, "set"), sizeBytes);
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
    timeoutMs,
  );
}

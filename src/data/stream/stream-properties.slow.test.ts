/** Whole streams, in threads and over damaged data, against one process that goes through everything by itself. */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { numberedSource } from "../../../test/support/memory-source.ts";
import { addOrderHashes } from "./order-hash.ts";
import { streamDataset } from "./stream-dataset.ts";
import type { StreamSpec } from "./stream-spec.ts";
import { writeShards } from "./write-shards.ts";

let root: string;
const sizes = [5, 37, 203] as const;
const folderOf = (size: number): string => join(root, String(size));

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "properties-"));
  for (const size of sizes) {
    const folder = folderOf(size);
    await writeShards(numberedSource(size, 20), { format: "mds", folder, shardBytes: 700 });
    const path = join(folder, "index.json");
    const index = JSON.parse(await readFile(path, "utf8")) as {
      shards: { raw_data: { basename: string; hashes: object } }[];
    };
    // The first sample of each third shard has a length that lies; no checksum tells of it.
    for (const [number, { raw_data }] of index.shards.entries()) {
      raw_data.hashes = {};
      if (number % 3 !== 1) continue;
      const bytes = await readFile(join(folder, raw_data.basename));
      bytes.writeUInt32LE(9999, bytes.readUInt32LE(4));
      await writeFile(join(folder, raw_data.basename), bytes);
    }
    await writeFile(path, JSON.stringify(index));
  }
});
afterAll(() => rm(root, { recursive: true }));

interface Walk {
  readonly ids: number[][];
  readonly masks: number[][];
  readonly hash: bigint;
}

async function walk(
  spec: StreamSpec,
  options: { rank?: number; ranks?: number; workers: number },
  batchSize: number,
  start: number,
  end: number,
): Promise<Walk> {
  await using data = await streamDataset(spec, options);
  const [ids, masks]: [number[][], number[][]] = [[], []];
  let hash = 0n;
  for await (const batch of data.batches({ batchSize, start, end })) {
    ids.push([...(batch.id as BigInt64Array)].map(Number));
    masks.push([...(batch.mask as Float32Array)]);
    hash = addOrderHashes(hash, data.order.hashOf(batch) as bigint);
  }
  return { ids, masks, hash };
}

test("any ranks, threads and places to resume give what one process gives", async () => {
  const order = fc.oneof(
    fc.constant({ kind: "sequential" } as const),
    fc.constant({ kind: "global" } as const),
    fc.record({ kind: fc.constant("blocks" as const), blockRows: fc.integer({ min: 1, max: 80 }) }),
  );
  const source = fc.record({ location: fc.constantFrom(...sizes), weight: fc.integer({ min: 1, max: 3 }) });
  const setting = fc.record({
    sources: fc.array(source, { minLength: 1, maxLength: 2 }),
    order,
    last: fc.constantFrom("wrap" as const, "drop" as const, "pad" as const),
    seed: fc.nat(),
    ranks: fc.integer({ min: 1, max: 3 }),
    batchSize: fc.integer({ min: 1, max: 12 }),
    batches: fc.integer({ min: 1, max: 14 }),
    resume: fc.nat(),
    workers: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 6, maxLength: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(setting, async ({ ranks, batchSize, batches, resume, workers, ...rest }) => {
      const rows = rest.sources.reduce((sum, { location }) => sum + location, 0);
      fc.pre(rest.last !== "drop" || ranks * batchSize <= rows);
      const spec: StreamSpec = {
        ...rest,
        sources: rest.sources.map(({ location, weight }) => ({ location: folderOf(location), weight })),
        inputs: { id: { kind: "value", column: "id" } },
        mask: "mask",
      };
      const alone = await walk(spec, { workers: 0 }, ranks * batchSize, 0, batches);
      const place = resume % (batches + 1);
      const parts: Walk[][] = [];
      for (let rank = 0; rank < ranks; rank++) {
        const before = await walk(spec, { rank, ranks, workers: workers[2 * rank] ?? 0 }, batchSize, 0, place);
        const after = await walk(spec, { rank, ranks, workers: workers[2 * rank + 1] ?? 0 }, batchSize, place, batches);
        parts.push([before, after]);
      }
      const together = (of: "ids" | "masks"): number[][] =>
        Array.from({ length: batches }, (_, k) =>
          parts.flatMap(([before, after]) => [...(before?.[of] ?? []), ...(after?.[of] ?? [])][k] ?? []),
        );
      expect(together("ids")).toEqual(alone.ids);
      expect(together("masks")).toEqual(alone.masks);
      expect(addOrderHashes(...parts.flat().map(({ hash }) => hash))).toBe(alone.hash);
    }),
    { numRuns: 12, seed: 5 },
  );
}, 120_000);

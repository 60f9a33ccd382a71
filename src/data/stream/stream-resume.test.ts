/** Streams in processes and threads of their own: killed and resumed, and in many threads. */

import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { numberedSource } from "../../../test/support/memory-source.ts";
import { startStream } from "../../../test/support/start-stream.ts";
import { RandomStream } from "../../base/random.ts";
import { addOrderHashes } from "./order-hash.ts";
import { streamDataset } from "./stream-dataset.ts";
import type { StreamSpec } from "./stream-spec.ts";
import { writeShards } from "./write-shards.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "resume-"));
});
afterAll(() => rm(root, { recursive: true }));

interface Line {
  readonly index: number;
  readonly ids: readonly number[];
  readonly hash: string;
}

/** Whole lines of a log: a kill may have cut the last one. */
async function linesOf(log: string): Promise<Line[]> {
  const text = await readFile(log, "utf8");
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}

test("killed at random and resumed, the stream is the one that nobody disturbed", async () => {
  const [rows, batchSize, end] = [1200, 10, 240];
  const folder = join(root, "mds");
  await writeShards(numberedSource(rows, 30), { format: "mds", folder, shardBytes: 3000, compression: "zstd" });
  const inputs = { id: { kind: "value", column: "id" } } as const;
  const spec: StreamSpec = {
    sources: [{ location: folder }],
    order: { kind: "blocks", blockRows: 300 },
    seed: 4,
    inputs,
  };

  await using data = await streamDataset(spec, { workers: 0 });
  const wanted: Line["ids"][] = [];
  let hash = 0n;
  for await (const batch of data.batches({ batchSize, end })) {
    wanted.push([...(batch.id ?? [])].map(Number));
    hash = addOrderHashes(hash, data.order.hashOf(batch) as bigint);
  }

  const log = join(root, "log.jsonl");
  await writeFile(log, "");
  const stream = new RandomStream(9, "kills");
  // Where each process picks up is what the log of the ones before it says; whole lines are what a checkpoint would hold.
  let killed = 0;
  for (let kill = 0; ; kill++) {
    const lines = await linesOf(log);
    await writeFile(log, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    if (lines.length === end) break;
    expect(kill).toBeLessThan(30);
    const options = {
      log,
      start: lines.length,
      end,
      batchSize,
      workers: kill % 3,
      pauseMs: 2,
      cache: { folder: join(root, "cache") },
    };
    const running = startStream(spec, options);
    const exit = once(running, "exit");
    const goal = lines.length + 20 + stream.integer(kill, 60);
    while (running.exitCode === null && running.signalCode === null && (await linesOf(log)).length < goal)
      await new Promise((resolve) => setTimeout(resolve, 5));
    if (kill < 6) running.kill("SIGKILL");
    await exit;
    if (running.signalCode === "SIGKILL") killed++;
  }
  expect(killed).toBeGreaterThan(2);
  const lines = await linesOf(log);
  expect(lines.map(({ index }) => index)).toEqual(Array.from({ length: end }, (_, i) => i));
  expect(lines.map(({ ids }) => ids)).toEqual(wanted);
  expect(addOrderHashes(...lines.map((line) => BigInt(`0x${line.hash}`)))).toBe(hash);
  for (const epoch of [0, 1]) {
    const ids = lines.slice(epoch * 120, (epoch + 1) * 120).flatMap((line) => line.ids);
    expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i));
  }
});

test("the order is the same for 1, 2, 3 and 8 workers", async () => {
  const folder = join(root, "workers");
  await writeShards(numberedSource(203, 20), { format: "mds", folder, shardBytes: 1200 });
  const inputs = { id: { kind: "value", column: "id" } } as const;
  const spec: StreamSpec = {
    sources: [{ location: folder }],
    order: { kind: "blocks", blockRows: 64 },
    seed: 5,
    inputs,
  };
  const walk = async (workers: number): Promise<unknown> => {
    await using data = await streamDataset(spec, { workers });
    const ids: number[] = [];
    let hash = 0n;
    for await (const batch of data.batches({ batchSize: 10, end: 41 })) {
      ids.push(...[...(batch.id ?? [])].map(Number));
      hash = addOrderHashes(hash, data.order.hashOf(batch) as bigint);
    }
    return { ids, hash };
  };
  const alone = await walk(0);
  for (const workers of [1, 2, 3, 8]) expect(await walk(workers), `${workers} workers`).toEqual(alone);
});

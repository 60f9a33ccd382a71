/** Streams held to a limit of memory, and writers that are killed. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memorySource, numberedSource } from "../../../test/support/memory-source.ts";
import { startStream } from "../../../test/support/start-stream.ts";
import { RandomStream } from "../../base/random.ts";
import type { StreamSpec } from "./stream-spec.ts";
import { writeShards } from "./write-shards.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "resume-"));
});
afterAll(() => rm(root, { recursive: true }));

test("shards written by processes that are killed while they write are those of one that is not", async () => {
  const [rows, size, shardBytes] = [6000, 2000, 500_000];
  const unbroken = join(root, "unbroken");
  await writeShards(numberedSource(rows, size), { format: "mds", folder: unbroken, shardBytes });
  const folder = join(root, "broken");
  const urlOf = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const options = JSON.stringify({ format: "mds", folder, shardBytes });
  const script = `
    const { writeShards } = await import(${urlOf("./write-shards.ts")});
    const { numberedSource } = await import(${urlOf("../../../test/support/memory-source.ts")});
    await writeShards(numberedSource(${rows}, ${size}), ${options});`;
  const temporary = async (): Promise<string[]> =>
    (await readdir(folder).catch(() => [])).filter((name) => name.includes(".tmp-"));
  let halves = 0;
  for (let kill = 0; kill < 5; kill++) {
    const before = new Set(await temporary());
    const running = spawn(process.execPath, ["--conditions=cameo-source", "--input-type=module", "--eval", script]);
    const exit = once(running, "exit");
    const seen = new Set<string>();
    while (running.exitCode === null && seen.size < 3)
      for (const name of await temporary()) if (!before.has(name)) seen.add(name);
    running.kill("SIGKILL");
    await exit;
    if (running.signalCode === "SIGKILL" && (await temporary()).some((name) => seen.has(name))) halves++;
  }
  expect(halves).toBeGreaterThan(0); // else no kill came in the middle of a write
  const { rows: written } = await writeShards(numberedSource(rows, size), { format: "mds", folder, shardBytes });
  expect(written).toBe(rows);
  expect((await readdir(folder)).sort()).toEqual((await readdir(unbroken)).sort());
  for (const name of await readdir(unbroken))
    if (!name.startsWith(".")) expect(await readFile(join(folder, name))).toEqual(await readFile(join(unbroken, name)));
});

test.each(["mds", "webdataset"] as const)("%s: a stream many times larger than its memory", async (format) => {
  const [rows, size] = [6000, 100_000];
  const noise = new Uint8Array(size);
  const stream = new RandomStream(1, "noise");
  for (let i = 0; i < size; i++) noise[i] = stream.uint32(i);
  const schema = [
    { name: "id", type: "int64", nullable: false },
    { name: "bin", type: "bytes", nullable: false },
  ] as const;
  const source = memorySource(schema, rows, (i) => ({ id: BigInt(i), bin: noise }));
  // A table of a memory source shares its bytes; only what is written is large.
  const folder = join(root, `large-${format}`);
  await writeShards(source, { format, folder, shardBytes: 16e6 });
  const column = format === "mds" ? "bin" : "bin.bin";
  const spec: StreamSpec = {
    sources: [{ location: folder }],
    order: { kind: "blocks", blockRows: 1000 },
    inputs: { id: { kind: "value", column: "id" }, bin: { kind: "value", column } },
  };
  const options = { start: 0, end: 2 * (rows / 50), batchSize: 50, workers: 2, prefetchBytes: 64e6 };
  const running = startStream(spec, options);
  let printed = "";
  running.stdout?.on("data", (chunk: Buffer) => {
    printed += String(chunk);
  });
  const [code] = await once(running, "close");
  expect(code).toBe(0);
  // 1.2 GB go by: what the prefetch may hold, and Node with three threads.
  expect((JSON.parse(printed) as { peakRssBytes: number }).peakRssBytes).toBeLessThan(512 * 2 ** 20);
});

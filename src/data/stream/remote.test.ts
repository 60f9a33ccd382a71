/** Shards on a web server that is slow to please. */

import { cp, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import { numberedSource } from "../../../test/support/memory-source.ts";
import { FaultLog } from "../fault.ts";
import type { StreamAccess } from "./open-stream-source.ts";
import { type StreamDatasetOptions, streamDataset } from "./stream-dataset.ts";
import { writeShards } from "./write-shards.ts";

const rows = 120;
let shards: string;
beforeAll(async () => {
  shards = join(await mkdtemp(join(tmpdir(), "remote-")), "mds");
  await writeShards(numberedSource(rows, 40), { format: "mds", folder: shards, shardBytes: 1500 });
});

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** What a server does with a request for bytes of a shard, counted from 0 for each shard. */
type Answer = (bytes: Buffer, response: ServerResponse, times: number) => unknown;

/** Serves the shards; resolves to the location of the index and what was asked for. The index may be another one, or none. */
async function serve(
  answer: Answer = (bytes, response) => response.end(bytes),
  indexOf: (content: Buffer) => Buffer | undefined = (content) => content,
): Promise<{ location: string; requests: string[] }> {
  const requests: string[] = [];
  server = createServer(async (request, response) => {
    const name = request.url?.slice(1) ?? "";
    const stored = await readFile(join(shards, name)).catch(() => undefined);
    if (stored === undefined) return response.writeHead(404).end();
    const content = name === "index.json" ? indexOf(stored) : stored;
    if (content === undefined) return response.writeHead(503).end();
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    const start = Number(first ?? 0);
    const end = last === undefined || last === "" ? content.length : Math.min(content.length, Number(last) + 1);
    response.writeHead(first === undefined ? 200 : 206, {
      etag: '"1"',
      "accept-ranges": "bytes",
      "content-length": end - start,
      ...(first === undefined ? {} : { "content-range": `bytes ${start}-${end - 1}/${content.length}` }),
    });
    if (request.method === "HEAD") return response.end();
    if (!name.endsWith(".mds")) return response.end(content.subarray(start, end));
    const times = requests.filter((each) => each === name).length;
    requests.push(name);
    return answer(content.subarray(start, end), response, times);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { location: `http://127.0.0.1:${(server.address() as AddressInfo).port}/index.json`, requests };
}

const store = { retryDelayMs: 1, timeoutMs: 2000 } as NonNullable<StreamAccess["store"]>;
const cache = async (): Promise<{ folder: string }> => ({ folder: await mkdtemp(join(tmpdir(), "cache-")) });

/** Ids of an epoch, in ascending order. */
async function epochOf(location: string, options: StreamDatasetOptions): Promise<number[]> {
  const inputs = { id: { kind: "value", column: "id" } } as const;
  const spec = { sources: [{ location }], order: { kind: "global" }, inputs } as const;
  await using data = await streamDataset(spec, { workers: 0, store, ...options });
  const ids: number[] = [];
  for await (const { id } of data.batches({ batchSize: 12, end: rows / 12 })) ids.push(...[...(id ?? [])].map(Number));
  return ids.sort((a, b) => a - b);
}

const all = Array.from({ length: rows }, (_, i) => i);

test("every shard is fetched once into the cache, and not at all the next time", async () => {
  const { location, requests } = await serve();
  const options = { cache: await cache() };
  expect(await epochOf(location, options)).toEqual(all);
  const names = new Set(requests);
  expect(requests).toHaveLength(names.size);
  expect(names.size).toBeGreaterThan(3);
  requests.length = 0;
  expect(await epochOf(location, options)).toEqual(all);
  expect(requests).toEqual([]);
});

test("without a cache, or by choice, rows are fetched by range", async () => {
  const { location, requests } = await serve();
  expect(await epochOf(location, {})).toEqual(all);
  expect(requests.length).toBeGreaterThan(rows / 12);
});

test("a connection that breaks in the middle of every shard loses nothing", async () => {
  const { location } = await serve((bytes, response, times) => {
    if (times > 0) return response.end(bytes);
    return response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
  });
  expect(await epochOf(location, { cache: await cache() })).toEqual(all);
});

test("a shard that arrives damaged once is fetched again", async () => {
  const { location } = await serve((bytes, response, times) => {
    if (times > 0) return response.end(bytes);
    const damaged = Buffer.from(bytes);
    damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
    return response.end(damaged);
  });
  const faults = new FaultLog();
  expect(await epochOf(location, { cache: await cache(), faults })).toEqual(all);
  expect(faults.total).toBe(0);
});

test("an object that is shorter than the index tells is damaged, by range as well", async () => {
  const { location } = await serve();
  const index = JSON.parse(await readFile(join(shards, "index.json"), "utf8")) as {
    shards: { raw_data: { bytes: number } }[];
  };
  const longer = await mkdtemp(join(tmpdir(), "longer-"));
  await cp(shards, longer, { recursive: true });
  for (const { raw_data } of index.shards.slice(1, 2)) raw_data.bytes += 100;
  await writeFile(join(longer, "index.json"), JSON.stringify(index));
  const before = shards;
  shards = longer;
  const faults = new FaultLog();
  const ids = await epochOf(location, { faults }).finally(() => {
    shards = before;
  });
  expect(ids.length).toBe(rows);
  expect(new Set(ids).size).toBeLessThan(rows);
  expect(Object.keys(faults.counts())).toEqual(["syntax"]);
});

test("a server that keeps failing ends the stream, whatever the policy: the data may be there tomorrow", async () => {
  const { location } = await serve((_, response) => response.destroy());
  const faults = new FaultLog({ policy: "quarantine" });
  await expect(
    epochOf(location, { cache: await cache(), faults, store: { ...store, retries: 1 } as typeof store }),
  ).rejects.toThrow(/^data: cannot read "http:.*\.mds"/);
  expect(faults.counts()).toEqual({});
});

const ids = { id: { kind: "value", column: "id" } } as const;

test.each([0, 1])(
  "a stream of %i threads that is disposed in the middle of a copy leaves none of it",
  async (workers) => {
    let begun = 0;
    const { location, requests } = await serve((bytes, response) => {
      if (begun++ === 0) return response.end(bytes); // the first sample tells the shapes
      return response.write(bytes.subarray(0, 10)); // and never goes on
    });
    const { folder } = await cache();
    const spec = { sources: [{ location }], order: { kind: "global" }, inputs: ids } as const;
    const data = await streamDataset(spec, { workers, store: { ...store, timeoutMs: 60_000 }, cache: { folder } });
    const batch = expect(data.batch(1, 12)).rejects.toThrow();
    while (requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    while (!(await readdir(folder)).some((name) => name.includes(".tmp-")))
      await new Promise((resolve) => setTimeout(resolve, 5));
    await data[Symbol.asyncDispose]();
    await batch;
    expect((await readdir(folder)).filter((name) => !/\.(shard|note)$/.test(name))).toEqual([]);
  },
);

test("a thread that could not open the data tries again with the next batch", async () => {
  let isDown = false;
  const { location } = await serve(undefined, (content) => (isDown ? undefined : content));
  const spec = { sources: [{ location }], inputs: ids } as const;
  const settings = { ...store, retries: 0 } as typeof store;
  await using data = await streamDataset(spec, { workers: 1, store: settings, prefetchBytes: 0 });
  isDown = true; // a thread takes longer to start than this
  await expect(data.batch(0, 12)).rejects.toThrow("503");
  isDown = false;
  expect((await data.batch(0, 12)).id).toHaveLength(12);
});

test("data that changes before a thread opens it is refused: its order would be another one", async () => {
  let isOther = false;
  const { location } = await serve(undefined, (content) => {
    const index = JSON.parse(content.toString()) as { shards: unknown[] };
    return isOther ? Buffer.from(JSON.stringify({ ...index, shards: index.shards.slice(1) })) : content;
  });
  const spec = { sources: [{ location }], inputs: ids } as const;
  await using data = await streamDataset(spec, { workers: 1, store, prefetchBytes: 0 });
  isOther = true;
  await expect(data.batch(0, 12)).rejects.toThrow("it is no longer what it was when the stream began");
});

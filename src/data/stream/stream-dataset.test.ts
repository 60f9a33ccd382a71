import { appendFile, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { memorySource, numberedSource } from "../../../test/support/memory-source.ts";
import { FaultLog } from "../fault.ts";
import { writeTable } from "../source/write-table.ts";
import { addOrderHashes, orderHash } from "./order-hash.ts";
import { type StreamDatasetOptions, streamDataset } from "./stream-dataset.ts";
import { streamPlan } from "./stream-plan.ts";
import type { StreamSpec } from "./stream-spec.ts";
import { writeShards } from "./write-shards.ts";

const rows = 203;
const ids = { id: { kind: "value", column: "id" } } as const;
let mds: string;
let tar: string;
let other: string;

beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), "stream-"));
  [mds, tar, other] = ["mds", "tar", "other"].map((name) => join(root, name)) as [string, string, string];
  await writeShards(numberedSource(rows, 20), { format: "mds", folder: mds, shardBytes: 1200 });
  await writeShards(numberedSource(rows, 20), { format: "webdataset", folder: tar, shardBytes: 60_000 });
  await writeShards(numberedSource(50, 20), { format: "mds", folder: other, shardBytes: 1200, compression: "zstd" });
});

const blocks = { kind: "blocks", blockRows: 64 } as const;

/** Ids of batches [from, to), and the order hash of all. */
async function walk(
  spec: StreamSpec,
  options: StreamDatasetOptions & { from?: number; to: number; batchSize: number },
): Promise<{ ids: number[]; hash: bigint }> {
  const { from = 0, to, batchSize, ...rest } = options;
  await using data = await streamDataset(spec, { workers: 0, ...rest });
  const found: number[] = [];
  let hash = 0n;
  for await (const batch of data.batches({ batchSize, start: from, end: to })) {
    found.push(...[...(batch.id as BigInt64Array)].map(Number));
    hash = addOrderHashes(hash, data.order.hashOf(batch) as bigint);
  }
  return { ids: found, hash };
}

const ascending = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe.each(["mds", "tar"])("%s", (format) => {
  const location = (): string => (format === "mds" ? mds : tar);
  const inputs = { id: { kind: "value", column: "id", dtype: "int64" } } as const;

  test.each([{ kind: "sequential" }, { kind: "global" }, blocks] as const)(
    "$kind: an epoch has every sample once",
    async (order) => {
      const spec: StreamSpec = { sources: [{ location: location() }], order, seed: 3, inputs };
      const { ids } = await walk(spec, { to: rows, batchSize: 1 });
      expect(ids.toSorted((a, b) => a - b)).toEqual(ascending(rows));
      const two = await walk(spec, { to: 2 * (rows / 7), batchSize: 7 });
      expect(two.ids.slice(0, rows)).toEqual(ids);
      expect(two.ids.slice(rows).toSorted((a, b) => a - b)).toEqual(ascending(rows));
      if (order.kind !== "sequential") expect(two.ids.slice(rows)).not.toEqual(ids);
    },
  );
});

test.each(["wrap", "drop", "pad"] as const)(
  "%s: 1, 2 and 4 ranks share every batch, and their hashes add up",
  async (last) => {
    const spec: StreamSpec = { sources: [{ location: mds }], order: { kind: "global" }, last, inputs: ids };
    const alone = await walk(spec, { to: 30, batchSize: 16 });
    for (const ranks of [2, 4]) {
      const parts = await Promise.all(
        ascending(ranks).map((rank) => walk(spec, { to: 30, batchSize: 16 / ranks, rank, ranks })),
      );
      const step = 16 / ranks;
      const together = ascending(30).flatMap((k) => parts.flatMap(({ ids }) => ids.slice(k * step, (k + 1) * step)));
      expect(together).toEqual(alone.ids);
      expect(addOrderHashes(...parts.map(({ hash }) => hash))).toBe(alone.hash);
    }
  },
);

test("a stream begun anywhere goes on as the one that was not broken off", async () => {
  const spec: StreamSpec = { sources: [{ location: mds }], order: blocks, inputs: ids };
  const whole = await walk(spec, { to: 50, batchSize: 9 });
  const before = await walk(spec, { to: 31, batchSize: 9 });
  const after = await walk(spec, { from: 31, to: 50, batchSize: 9 });
  expect([...before.ids, ...after.ids]).toEqual(whole.ids);
  expect(addOrderHashes(before.hash, after.hash)).toBe(whole.hash);
});

test("the hash is that of the samples in the batch", async () => {
  const spec: StreamSpec = { sources: [{ location: mds }], inputs: ids };
  const { ids: found, hash } = await walk(spec, { from: 4, to: 5, batchSize: 6 });
  expect(hash).toBe(addOrderHashes(...found.map((row, i) => orderHash(24 + i, 0, row))));
});

test("last: drop leaves out what fills no batch, pad fills it up and marks it", async () => {
  const spec = (last: "drop" | "pad"): StreamSpec => ({
    sources: [{ location: mds }],
    order: { kind: "sequential" },
    last,
    mask: "mask",
    inputs: ids,
  });
  const dropped = await walk(spec("drop"), { to: 3, batchSize: 100 });
  expect(dropped.ids).toEqual([...ascending(200), ...ascending(100)]);
  const padded = await walk(spec("pad"), { to: 3, batchSize: 100 });
  expect(padded.ids).toEqual([...ascending(203), ...ascending(97)]);
  await using data = await streamDataset(spec("pad"), { workers: 0, rank: 1, ranks: 2 });
  const sum = async (index: number): Promise<number> =>
    ((await data.batch(index, 50)).mask as Float32Array).reduce((total, value) => total + value, 0);
  expect([await sum(1), await sum(2)]).toEqual([50, 0]);
  expect(data.order.positionOf(4, 50)).toEqual({ epoch: 1, position: 100 });
});

test("sources are mixed by weight, and none repeats a sample before all came", async () => {
  const sources = [
    { location: mds, weight: 1 },
    { location: other, weight: 3 },
  ];
  const spec: StreamSpec = { sources, seed: 2, inputs: { text: { kind: "value", column: "id" } } };
  await using data = await streamDataset(spec, { workers: 0 });
  expect(data.epochSize).toBe(rows + 50);
  const plan = streamPlan({
    sources: [
      { fileRows: [rows], weight: 1 },
      { fileRows: [50], weight: 3 },
    ],
    order: { kind: "global" },
    seed: 2,
  });
  const samples = ascending(1000).map((number) => plan.sampleAt(number));
  expect(Math.abs(samples.filter(({ source }) => source === 1).length - 750)).toBeLessThan(2);
  const second = samples.filter(({ source }) => source === 1);
  for (let pass = 0; pass < 6; pass++) {
    const own = second.filter((sample) => sample.pass === pass).map(({ row }) => row);
    expect(own.toSorted((a, b) => a - b)).toEqual(ascending(50));
  }
  // Entered anywhere, from behind and from ahead.
  for (const number of [999, 0, 250, 251, 17]) expect(plan.sampleAt(number)).toEqual(samples[number]);
});

test("epochSize: shorter and longer epochs go on where the last one ended", async () => {
  for (const epochSize of [30, 500]) {
    const spec: StreamSpec = { sources: [{ location: mds }], epochSize, last: "drop", inputs: ids };
    const { ids: found } = await walk(spec, { to: 600 / 10, batchSize: 10 });
    expect(new Set(found.slice(0, rows)).size).toBe(rows);
  }
});

test("rows of a Parquet file are streamed as those of shards", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "parquet-")), "rows.parquet");
  const source = numberedSource(rows, 20);
  await writeTable(path, source.schema, source.read(), { rowGroupRows: 50 });
  const spec: StreamSpec = { sources: [{ location: path }], order: blocks, inputs: ids };
  const { ids: found } = await walk(spec, { to: rows / 7, batchSize: 7 });
  expect(found.toSorted((a, b) => a - b)).toEqual(ascending(rows));
});

async function damagedCopy(): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), "damaged-")), "mds");
  // A length that lies makes one sample unreadable, and no checksum tells of it.
  await writeShards(numberedSource(rows, 20), { format: "mds", folder, shardBytes: 1200 });
  const index = JSON.parse(await readFile(join(folder, "index.json"), "utf8")) as {
    shards: { raw_data: { basename: string; hashes: object } }[];
  };
  const path = join(folder, index.shards[1]?.raw_data.basename ?? "");
  const bytes = await readFile(path);
  const at = bytes.readUInt32LE(4);
  bytes.writeUInt32LE(9999, at);
  await writeFile(path, bytes);
  for (const { raw_data } of index.shards) raw_data.hashes = {};
  await writeFile(join(folder, "index.json"), JSON.stringify(index));
  return folder;
}

describe("a damaged sample", () => {
  test("is replaced by the same other one for any workers and ranks, and counted once", async () => {
    const spec: StreamSpec = { sources: [{ location: await damagedCopy() }], order: blocks, seed: 5, inputs: ids };
    const faults = new FaultLog();
    const alone = await walk(spec, { to: 63, batchSize: 10, faults });
    expect(faults.counts()).toEqual({ truncated: 1 });
    const good = await walk({ ...spec, sources: [{ location: mds }] }, { to: 63, batchSize: 10 });
    expect(alone.ids.filter((id, i) => id !== good.ids[i])).toHaveLength(3); // once in each pass
    expect(await walk(spec, { to: 63, batchSize: 10, workers: 2 })).toEqual(alone);
    const parts = await Promise.all([0, 1].map((rank) => walk(spec, { to: 63, batchSize: 5, rank, ranks: 2 })));
    expect(addOrderHashes(...parts.map(({ hash }) => hash))).toBe(alone.hash);
  });

  test("ends the stream where the policy is to fail", async () => {
    const spec: StreamSpec = { sources: [{ location: await damagedCopy() }], inputs: ids };
    await expect(walk(spec, { to: 30, batchSize: 10, faults: new FaultLog({ policy: "fail" }) })).rejects.toThrow(
      /^data: cannot read ".*": row 0, byte \d+: truncated: a value ends past its sample, the fault policy is "fail"/,
    );
  });

  test("of another shape is one too", async () => {
    const folder = join(await mkdtemp(join(tmpdir(), "shapes-")), "mds");
    const schema = [{ name: "x", type: "tensor", nullable: false, element: "float32" }] as const;
    const source = memorySource(schema, 20, (i) => ({
      x: { dtype: "float32", shape: [i === 7 ? 3 : 2], data: new Float32Array(i === 7 ? 3 : 2).fill(i) },
    }));
    await writeShards(source, { format: "mds", folder });
    const inputs = { x: { kind: "value", column: "x" } } as const;
    await using data = await streamDataset({ sources: [{ location: folder }], inputs }, { workers: 0 });
    expect(data.inputs.get("x")).toEqual({ dtype: "float32", shape: [2] });
    const { x } = await data.batch(0, 20);
    expect(x).toHaveLength(40);
    expect(x).not.toContain(7);
    expect(data.faults.counts()).toEqual({ shape: 1 });
    expect(data.faults.examples[0]?.detail).toBe('"x" is float32 [3], in other samples float32 [2]');
  });
});

test("data that is damaged throughout is given up", async () => {
  const folder = join(await mkdtemp(join(tmpdir(), "hopeless-")), "mds");
  await writeShards(numberedSource(30, 20), { format: "mds", folder, shardBytes: 1200 });
  for (const name of await readdir(folder)) if (name.endsWith(".mds")) await appendFile(join(folder, name), "x");
  await expect(streamDataset({ sources: [{ location: folder }], inputs: ids }, { workers: 0 })).rejects.toThrow(
    /64 others near it are damaged as well, the last one: checksum: /,
  );
});

test("evaluation goes through a split in order and ends with what fills no batch", async () => {
  const spec: StreamSpec = {
    sources: [{ location: mds }],
    validation: [{ location: other }, { location: other }],
    inputs: ids,
  };
  await using data = await streamDataset(spec, { workers: 1 });
  const found: number[] = [];
  for (let i = 0; ; i++) {
    const batch = await data.evaluation("validation", i, 30);
    if (batch === null) break;
    found.push(...[...(batch.id as BigInt64Array)].map(Number));
  }
  expect(found).toEqual([...ascending(50), ...ascending(40)]);
  await using none = await streamDataset({ sources: [{ location: mds }], inputs: ids }, { workers: 0 });
  expect(await none.evaluation("validation", 0, 30)).toBeNull();
});

test("what is trained on is not what is evaluated on by mistake", async () => {
  const spec: StreamSpec = { sources: [{ location: mds }], validation: [{ location: mds }], inputs: ids };
  await expect(streamDataset(spec, { workers: 0 })).rejects.toThrow(/cannot open split "validation" of ".*mds"/);
});

test("the hash of a spec changes with what is delivered, not with where or how", async () => {
  const hashOf = async (spec: StreamSpec, options: StreamDatasetOptions = {}): Promise<string> => {
    await using data = await streamDataset(spec, { workers: 0, ...options });
    return data.order.specHash;
  };
  const spec: StreamSpec = { sources: [{ location: mds }], inputs: ids };
  const first = await hashOf(spec);
  expect(await hashOf({ inputs: ids, ...spec, order: { kind: "blocks", blockRows: 2 ** 18 } }, { ranks: 2 })).toBe(
    first,
  );
  expect(await hashOf({ ...spec, seed: 9 })).toBe(first); // the seed stands beside it
  for (const changed of [
    { sources: [{ location: other }] },
    { order: blocks },
    { epochSize: 5 },
    { last: "drop" },
    { sources: [{ location: mds }, { location: other }] },
  ] as const)
    expect(await hashOf({ ...spec, ...changed })).not.toBe(first);
});

test("a module of the user's makes the inputs, in workers too", async () => {
  const module = join(await mkdtemp(join(tmpdir(), "map-")), "map.mjs");
  await writeFile(
    module,
    `export const map = ({ id }, { random, options, pass }) =>
      ({ double: Number(id) * options.factor, noise: random.uniform(0), pass: BigInt(pass) });`,
  );
  const spec: StreamSpec = { sources: [{ location: mds }], map: { module, options: { factor: 2 }, columns: ["id"] } };
  const batchOf = async (workers: number): Promise<unknown> => {
    await using data = await streamDataset(spec, { workers });
    return await data.batch(30, 8);
  };
  const batch = (await batchOf(0)) as { double: Float32Array; noise: Float32Array; pass: BigInt64Array };
  expect(batch.double.every((value) => value % 2 === 0)).toBe(true);
  expect(new Set(batch.noise).size).toBe(8);
  expect([...batch.pass]).toEqual(new Array(8).fill(1n));
  expect(await batchOf(2)).toEqual(batch);
});

test("a batch that is being made when the stream is disposed is refused, not given half full", async () => {
  const module = join(await mkdtemp(join(tmpdir(), "map-")), "map.mjs");
  await writeFile(
    module,
    `export const map = async ({ id }) => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      return { id: Number(id) };
    };`,
  );
  const data = await streamDataset({ sources: [{ location: mds }], map: { module, columns: ["id"] } }, { workers: 0 });
  const batch = expect(data.batch(0, 100)).rejects.toThrow("aborted");
  await new Promise((resolve) => setTimeout(resolve, 30));
  await data[Symbol.asyncDispose]();
  await batch;
});

test("an abort ends the iteration with its reason", async () => {
  await using data = await streamDataset({ sources: [{ location: mds }], inputs: ids }, { workers: 0 });
  const controller = new AbortController();
  const run = async (): Promise<void> => {
    let count = 0;
    for await (const _ of data.batches({ batchSize: 4, signal: controller.signal }))
      if (++count === 3) controller.abort(new Error("enough"));
  };
  await expect(run()).rejects.toThrow("enough");
});

test.each<[Partial<StreamSpec>, StreamDatasetOptions, string]>([
  [{ inputs: { x: { kind: "value", column: "no" } } }, {}, 'cannot use column "no": the columns are "id", "text"'],
  [{ inputs: { x: { kind: "value", column: "text" } } }, {}, "it holds string"],
  [{ inputs: { x: { kind: "image", column: "id" } } }, {}, "must be images, or pixels"],
  [{ epochSize: 0 }, {}, 'cannot use "epochSize"'],
  [{ map: { module: "/x.mjs" } }, {}, "exactly one of inputs and map is given"],
  [{}, { rank: 2, ranks: 2 }, "cannot use rank: got 2, must be an integer in [0, 1]"],
  [{}, { workers: -1 }, "cannot use workers"],
  [{ sources: [{ location: join(tmpdir(), "not-there-at-all") }] }, {}, "there is no such file or folder"],
])("%j %j is refused in one line", async (change, options, message) => {
  const spec = { sources: [{ location: mds }], inputs: ids, ...change } as StreamSpec;
  await expect(streamDataset(spec, options)).rejects.toThrow(message);
});

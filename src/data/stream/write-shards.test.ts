import { mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { memorySource, numberedSource } from "../../../test/support/memory-source.ts";
import { columnOf, localContext } from "../../../test/support/source-context.ts";
import { openMds } from "../source/mds.ts";
import type { Source } from "../source/source.ts";
import { openWebdataset, webdatasetIndexName } from "../source/webdataset.ts";
import type { Schema } from "../table.ts";
import { type WriteShardsOptions, writeShards } from "./write-shards.ts";

const fresh = async (): Promise<string> => join(await mkdtemp(join(tmpdir(), "write-")), "shards");

/** Everything that is in a folder. */
async function contentOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await readFile(join(folder, name))).toString("base64")])),
  );
}

const numbers = Array.from({ length: 200 }, (_, i) => BigInt(i));

test.each(["mds", "webdataset"] as const)(
  "%s: what was written is read, and shards keep to their size",
  async (format) => {
    const folder = await fresh();
    const shardBytes = format === "mds" ? 2000 : 40_000;
    const written = await writeShards(numberedSource(200, 30), { format, folder, shardBytes });
    expect(written.rows).toBe(200);
    expect(written.shards).toBeGreaterThan(3);
    const context = await localContext(folder);
    await using source = format === "mds" ? await openMds(context) : await openWebdataset(context);
    for (const { sizeBytes } of source.files) expect(sizeBytes).toBeLessThanOrEqual(shardBytes);
    expect(source.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBe(written.sizeBytes);
    expect(await columnOf(source, "id")).toEqual(numbers);
  },
);

test("a sample larger than a shard has one of its own", async () => {
  const folder = await fresh();
  const { shards } = await writeShards(numberedSource(3, 500), { format: "mds", folder, shardBytes: 100 });
  expect(shards).toBe(3);
});

test.each([undefined, 4])(
  "stopped anywhere (shuffle %s), the same call finishes the same bytes",
  async (shuffleSeed) => {
    const task = (folder: string): WriteShardsOptions => ({
      format: "mds",
      folder,
      shardBytes: 1000,
      compression: "zstd",
      ...(shuffleSeed === undefined ? {} : { shuffleSeed }),
    });
    const whole = await fresh();
    const { shards } = await writeShards(numberedSource(200, 10), task(whole));
    for (const stopAt of [1, 3, shards - 1]) {
      const folder = await fresh();
      const stop = new AbortController();
      const writing = writeShards(numberedSource(200, 10), {
        ...task(folder),
        signal: stop.signal,
        onShard: ({ shards }) => {
          if (shards === stopAt) stop.abort(new Error("stopped"));
        },
      });
      await expect(writing).rejects.toThrow("stopped");
      // What a kill leaves.
      await writeFile(join(folder, "shard.00099.mds.zstd.tmp-1-0123abcd"), "half");
      const again = await writeShards(numberedSource(200, 10), task(folder));
      expect(again.rows).toBe(200);
      expect(again.resumedRows).toBeGreaterThan(0);
      expect(await contentOf(folder)).toEqual(await contentOf(whole));
    }
    const context = await localContext(whole);
    await using source = await openMds(context);
    const ids = (await columnOf(source, "id")) as bigint[];
    expect(ids.toSorted((a, b) => Number(a - b))).toEqual(numbers);
    expect(ids.every((id, i) => id === BigInt(i))).toBe(shuffleSeed === undefined);
  },
);

test("a call that was killed after its first shard and before its notes of it goes on", async () => {
  const folder = await fresh();
  const stop = new AbortController();
  const options = { format: "mds", folder, shardBytes: 500 } as const;
  const onShard = (): void => stop.abort(new Error("stopped"));
  await expect(writeShards(numberedSource(60, 10), { ...options, onShard, signal: stop.signal })).rejects.toThrow();
  const notes = join(folder, ".cameo-shards.json");
  const written = JSON.parse(await readFile(notes, "utf8")) as object;
  await writeFile(notes, JSON.stringify({ ...written, shards: [], position: 0 }));
  expect((await readdir(folder)).some((name) => name.endsWith(".mds"))).toBe(true);
  expect(await writeShards(numberedSource(60, 10), options)).toMatchObject({ rows: 60, resumedRows: 0 });
  // The notes are there before anything else is.
  const empty = await fresh();
  const failing: Source = {
    ...numberedSource(60, 10),
    // biome-ignore lint/correctness/useYield: it fails at once
    async *read() {
      throw new Error("the disk is gone");
    },
  };
  await expect(writeShards(failing, { ...options, folder: empty })).rejects.toThrow("the disk is gone");
  expect(await readdir(empty)).toEqual([".cameo-shards.json"]);
});

test("a finished call is not done again, and another one is refused", async () => {
  const folder = await fresh();
  const options = { format: "webdataset", folder } as const;
  const first = await writeShards(numberedSource(9), options);
  const content = await contentOf(folder);
  expect(await writeShards(numberedSource(9), options)).toEqual({ ...first, resumedRows: 9 });
  expect(await contentOf(folder)).toEqual(content);
  for (const [source, change, message] of [
    [numberedSource(8), {}, "another call wrote there"],
    [numberedSource(9), { shardBytes: 5000 }, "another call wrote there"],
    [numberedSource(9), { resume: false }, `must be empty`],
  ] as const)
    await expect(writeShards(source, { ...options, ...change })).rejects.toThrow(message);
  await truncate(join(folder, "shard-000000.tar"), 5);
  await expect(writeShards(numberedSource(9), options)).rejects.toThrow('"shard-000000.tar" is gone or changed');
});

test("a folder with other files is left alone", async () => {
  const folder = await fresh();
  await mkdir(folder);
  await writeFile(join(folder, "mine.txt"), "mine");
  await expect(writeShards(numberedSource(9), { format: "mds", folder })).rejects.toThrow(
    /^writeShards: cannot write into ".*": it has "mine.txt", must be empty, or what a call was writing\nhint: /,
  );
});

const nullable: Schema = [
  { name: "id", type: "int64", nullable: false },
  { name: "caption", type: "string", nullable: true },
];
const withNull = memorySource(nullable, 3, (i) => ({ id: BigInt(i), caption: i === 1 ? null : `text ${i}` }));

test("a null is a file that is not there in WebDataset, and refused in MDS", async () => {
  const folder = await fresh();
  await writeShards(withNull, { format: "webdataset", folder });
  await using source = await openWebdataset(await localContext(folder));
  expect(await columnOf(source, "caption.txt")).toEqual(["text 0", null, "text 2"]);
  await expect(writeShards(withNull, { format: "mds", folder: await fresh() })).rejects.toThrow(
    /^writeShards: cannot write row 1: column "caption" is null, .*\nhint: WebDataset leaves such fields out/,
  );
});

test("an index saves the pass over the archives and tells a damaged one", async () => {
  const folder = await fresh();
  await writeShards(numberedSource(90, 50), { format: "webdataset", folder, shardBytes: 30_000 });
  const [name = ""] = (await readdir(folder)).filter((each) => each.endsWith(".tar"));
  const bytes = await readFile(join(folder, name));
  bytes[600] = (bytes[600] as number) ^ 1;
  await writeFile(join(folder, name), bytes);
  const context = await localContext(folder);
  await using source = await openWebdataset(context);
  expect(source.numRows).toBe(90);
  expect((await columnOf(source, "id")).length).toBeLessThan(90);
  expect(context.faults.counts()).toEqual({ checksum: 1 });
  await using one = await openWebdataset(await localContext(join(folder, "shard-000001.tar")));
  expect(one.files.map(({ location }) => location)).toEqual([join(folder, "shard-000001.tar")]);
  await rename(join(folder, "shard-000001.tar"), join(folder, "moved"));
  await using missing = await openWebdataset(await localContext(folder));
  await expect(columnOf(missing, "id")).rejects.toThrow("there is no such file, the index names it");
  await rename(join(folder, "moved"), join(folder, "shard-000001.tar"));
  await rm(join(folder, webdatasetIndexName));
  await using scanned = await openWebdataset(await localContext(folder));
  expect(await columnOf(scanned, "id")).toHaveLength(90);
});

test.each<[Partial<WriteShardsOptions>, string]>([
  [{ shardBytes: 0 }, "cannot use shardBytes: got 0"],
  [{ shardBytes: 2 ** 32 }, "cannot use shardBytes"],
  [{ compression: "zstd:23" }, 'cannot use compression: got "zstd:23"'],
  [{ compression: "zstd", format: "webdataset" }, "its archives are read by range"],
  [{ columns: ["id", "none"] }, 'cannot read column "none"'],
])("%j is refused", async (change, message) => {
  const options = { format: "mds", folder: await fresh(), ...change } as const;
  await expect(writeShards(numberedSource(3), options)).rejects.toThrow(message);
});

test.each<[Schema[number], string]>([
  [{ name: "x", type: "complex64", nullable: false }, 'column "x" is complex64, which MDS does not have'],
])("%j has no place in MDS", async (field, message) => {
  const source = memorySource([field], 1, () => ({ x: 1 }));
  await expect(writeShards(source, { format: "mds", folder: await fresh() })).rejects.toThrow(message);
});

test("no rows are no shards", async () => {
  await expect(writeShards(numberedSource(0), { format: "mds", folder: await fresh() })).rejects.toThrow(
    "the source has no rows, needs at least one",
  );
});

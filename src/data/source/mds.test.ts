import { cp, mkdtemp, readFile, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cellsOf, columnOf, localContext } from "../../../test/support/source-context.ts";
import { type MdsEncoding, mdsEncoding } from "../stream/mds-encoding.ts";
import type { MdsShardInfo } from "../stream/mds-index.ts";
import { ShardCache } from "../stream/shard-cache.ts";
import type { Cell } from "../table.ts";
import { mds, openMds } from "./mds.ts";

const fixtures = join(import.meta.dirname, "../../../fixtures/shards");
const expected = JSON.parse(await readFile(join(fixtures, "expected.json"), "utf8")) as {
  columns: Record<string, string>;
  mds: Record<string, unknown>[];
};
const texts = Array.from({ length: 40 }, (_, i) => `text ${i}`);

/** A copy of a fixture that a test may damage. */
async function damaged(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "mds-"));
  await cp(join(fixtures, name), folder, { recursive: true });
  return folder;
}

async function changeIndex(folder: string, change: (shards: MdsShardInfo[]) => unknown): Promise<void> {
  const path = join(folder, "index.json");
  const index = JSON.parse(await readFile(path, "utf8")) as { shards: MdsShardInfo[] };
  change(index.shards);
  await writeFile(path, JSON.stringify(index));
}

/** A value as `make.py` writes it. */
function asWritten(encoding: MdsEncoding, value: Cell): unknown {
  if (typeof value === "string" || encoding.name === "json") return value;
  if (typeof value === "number" || typeof value === "bigint") return value;
  return Buffer.from(encoding.encode(value)).toString("base64");
}

test.each(Object.entries(expected.columns))("column %s (%s) holds what Python wrote", async (name, kind) => {
  await using source = await openMds(await localContext(join(fixtures, "mds")));
  const encoding = mdsEncoding(kind);
  const values = (await columnOf(source, name)) as Cell[];
  const wanted = expected.mds.map((row) => row[name]);
  if (kind === "float16") {
    const bytes = values.map((value) => Buffer.from(encoding.encode(value)).readUInt16LE());
    expect(values).toEqual(bytes);
    expect(values[3]).toBe(0); // (3 - 3) / 7
    expect(values[6]).toBe(0x36db); // 3 / 7
  } else if (["float32", "float64", "str_float"].includes(kind))
    expect(values).toEqual(
      wanted
        .map((text) => Number(String(text).replace("inf", "Infinity")))
        .map((x) => (kind === "float32" ? Math.fround(x) : x)),
    );
  else if (/int/.test(kind) && !kind.startsWith("ndarray")) expect(values.map(String)).toEqual(wanted);
  else expect(values.map((value) => asWritten(encoding, value))).toEqual(wanted);
});

test("schema, counts and files come from the index", async () => {
  const context = await localContext(join(fixtures, "mds"));
  expect(mds.detect(context.location, context.entries, new Uint8Array())).toBe(true);
  const source = await mds.open(context);
  expect(source).toMatchObject({ format: "mds", numRows: 7 });
  expect(source.files.map(({ numRows }) => numRows)).toEqual([2, 2, 3]);
  expect(source.schema.find(({ name }) => name === "array_fixed")).toEqual({
    name: "array_fixed",
    type: "tensor",
    nullable: false,
    element: "int32",
    shape: [2, 3],
  });
  expect(source.fingerprint).toMatch(/^mds:[0-9a-f]{64}$/);
});

test.each(["mds-zstd", "mds-gz", "mds-br"])("%s is unpacked, into memory or a cache", async (name) => {
  const context = await localContext(join(fixtures, name));
  const cache = new ShardCache({ folder: join(await mkdtemp(join(tmpdir(), "cache-")), "shards") });
  for (const access of [{}, { cache }, { cache }]) {
    await using source = await openMds(context, access);
    expect(await columnOf(source, "text")).toEqual(texts);
    expect(cellsOf(await source.take([39, 0, 17, 0]), "label")).toEqual([39n, 0n, 17n, 0n]);
  }
  expect(context.faults.total).toBe(0);
});

test("rows are taken in the order that was asked for, repeats included", async () => {
  await using source = await openMds(await localContext(join(fixtures, "mds")));
  const { columns } = await source.take([6, 1, 6, 0], { columns: ["int"] });
  expect(columns.int).toEqual(BigInt64Array.of(6n - 2n ** 40n, 1n - 2n ** 40n, 6n - 2n ** 40n, -(2n ** 40n)));
  await expect(source.take([7])).rejects.toThrow("take: cannot take row 7: there are 7, must be one of them");
  await expect(source.take([0], { columns: ["no"] })).rejects.toThrow('cannot read column "no"');
});

test("a pickle is refused before anything is read", async () => {
  await expect(openMds(await localContext(join(fixtures, "mds-pkl")))).rejects.toThrow(
    /^mds: cannot read column "x" of ".*index\.json": its encoding is "pkl", pickle runs code when it is read$/,
  );
});

test.each<[what: string, code: string, damage: (folder: string) => Promise<unknown>]>([
  ["truncated shard", "truncated", (folder) => truncate(join(folder, "shard.00001.mds"), 5000)],
  ["shard of no bytes", "empty", (folder) => truncate(join(folder, "shard.00001.mds"), 0)],
  [
    "changed byte",
    "checksum",
    async (folder) => {
      const path = join(folder, "shard.00001.mds");
      const bytes = await readFile(path);
      bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
      await writeFile(path, bytes);
    },
  ],
  [
    "name that leaves the folder",
    "unsafe-path",
    (folder) =>
      changeIndex(folder, ([, shard]) => Object.assign(shard?.raw_data ?? {}, { basename: "../shard.00001.mds" })),
  ],
  [
    "index with another count",
    "syntax",
    (folder) => changeIndex(folder, ([, shard]) => Object.assign(shard ?? {}, { samples: 4 })),
  ],
])("%s: its rows are set aside, the others stay", async (_, code, damage) => {
  const folder = await damaged("mds");
  await damage(folder);
  const context = await localContext(folder);
  await using source = await openMds(context);
  const rows: number[] = [];
  for await (const slice of source.read({ columns: ["int"] })) rows.push(...slice.rows);
  const rest = source.numRows === 9 ? [0, 1, 6, 7, 8] : [0, 1, 4, 5, 6];
  expect(rows).toEqual(rest);
  expect(context.faults.counts()).toEqual({ [code]: 1 });
  await expect(source.take([0, 2])).rejects.toThrow(code);
  await using strict = await openMds(await localContext(folder, { log: { policy: "fail" } }));
  await expect(columnOf(strict, "int")).rejects.toThrow(`${code}: `);
});

test("a packed shard that unpacks to more than the index tells is a bomb", async () => {
  const folder = await damaged("mds-gz");
  await changeIndex(folder, ([shard]) => Object.assign(shard?.raw_data ?? {}, { bytes: 500 }));
  const context = await localContext(folder);
  await using source = await openMds(context);
  expect((await columnOf(source, "text")).length).toBeLessThan(40);
  expect(context.faults.counts()).toEqual({ bomb: 1 });
});

test("a split is the folder of that name", async () => {
  const folder = await mkdtemp(join(tmpdir(), "splits-"));
  for (const split of ["train", "val"])
    await cp(join(fixtures, `mds-${split === "val" ? "gz" : "zstd"}`), join(folder, split), { recursive: true });
  await using train = await openMds(await localContext(folder));
  expect(train.files[0]?.location).toBe(join(folder, "train", "shard.00000.mds.zstd"));
  await using val = await openMds(await localContext(folder, { split: "val" }));
  expect(val.files[0]?.location).toBe(join(folder, "val", "shard.00000.mds.gz"));
  await expect(openMds(await localContext(folder, { split: "test" }))).rejects.toThrow(
    /^mds: cannot open split "test" of ".*": there is no test\/index\.json, a split of MDS is a folder of that name$/,
  );
});

test("a shard that is missing ends the reading, whatever the policy", async () => {
  const folder = await damaged("mds");
  await changeIndex(folder, ([shard]) => Object.assign(shard?.raw_data ?? {}, { basename: "gone.mds" }));
  await using source = await openMds(await localContext(folder));
  await expect(columnOf(source, "int")).rejects.toThrow('gone.mds": there is no such file, the index names it');
});

test.each([
  ["", "an index is JSON"],
  ["[]", "no MDS index of version 2"],
  ['{"version":2,"shards":[{"version":2,"format":"mds"}]}', "no MDS index of version 2"],
])("index %j is refused in one line", async (text, message) => {
  const folder = await damaged("mds");
  await writeFile(join(folder, "index.json"), text);
  await expect(openMds(await localContext(folder))).rejects.toThrow(message);
});

test("an index that counts more samples than bytes is refused; one that counts a billion is passed over in no time", async () => {
  const folder = await damaged("mds");
  await changeIndex(folder, ([shard]) => Object.assign(shard ?? {}, { samples: 2 ** 30 }));
  await expect(openMds(await localContext(folder))).rejects.toThrow("it counts more samples than its bytes can hold");
  await changeIndex(folder, ([shard]) => Object.assign(shard?.raw_data ?? {}, { bytes: 2 ** 32 }));
  const context = await localContext(folder);
  await using source = await openMds(context);
  const sound = await columnOf(source, "int");
  expect(sound.length).toBeGreaterThan(0);
  expect(context.faults.counts()).toEqual({ truncated: 1 });
  expect(source.numRows).toBe(sound.length + context.faults.numRows);
});

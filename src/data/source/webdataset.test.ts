import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { columnOf, localContext } from "../../../test/support/source-context.ts";
import { FaultLog } from "../fault.ts";
import { ShardCache } from "../stream/shard-cache.ts";
import { encodeTar, type TarEntry } from "../stream/tar-writer.ts";
import { openWebdataset, webdataset } from "./webdataset.ts";

const fixtures = join(import.meta.dirname, "../../../fixtures/shards");
const folder = join(fixtures, "webdataset");
type Expected = Record<string, Record<string, string>[]>;
const expected = JSON.parse(await readFile(join(fixtures, "expected.json"), "utf8")) as Expected;

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

/** An archive of these entries in a folder of its own. */
async function archive(entries: readonly TarEntry[], name = "a.tar"): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tar-"));
  const bytes = encodeTar(entries);
  const packed = name.endsWith(".zst") ? zstdCompressSync(bytes) : /gz$/.test(name) ? gzipSync(bytes) : bytes;
  await writeFile(join(folder, name), packed);
  return join(folder, name);
}

test("every field is what WebDataset reads", async () => {
  const context = await localContext(folder, { split: "train" });
  expect(webdataset.detect(context.location, context.entries, new Uint8Array())).toBe(true);
  await using source = await openWebdataset(context);
  expect(source).toMatchObject({ format: "webdataset", numRows: 5 });
  expect(source.files.map(({ numRows }) => numRows)).toEqual([3, 2]);
  expect(source.schema).toEqual([
    { name: "__key__", type: "string", nullable: false },
    { name: "cls", type: "int64", nullable: false },
    { name: "jpg", type: "image", nullable: true },
    { name: "json", type: "json", nullable: false },
    { name: "seg.png", type: "image", nullable: false },
    { name: "txt", type: "string", nullable: false },
  ]);
  const rows = expected.webdataset ?? [];
  const raw = (name: string): (Buffer | null)[] =>
    rows.map((row) => (row[name] === undefined ? null : Buffer.from(row[name], "base64")));
  expect(await columnOf(source, "__key__")).toEqual(rows.map((row) => row.__key__));
  expect(await columnOf(source, "cls")).toEqual(raw("cls").map((bytes) => BigInt(String(bytes))));
  expect(await columnOf(source, "json")).toEqual(raw("json").map((bytes) => JSON.parse(String(bytes))));
  expect(await columnOf(source, "txt")).toEqual(raw("txt").map(String));
  for (const name of ["jpg", "seg.png"])
    expect(((await columnOf(source, name)) as (Uint8Array | null)[]).map((cell) => cell && Buffer.from(cell))).toEqual(
      raw(name),
    );
  expect(source.faults.total).toBe(0);
});

test.each(["pax", "gnu"])("long and foreign names in %s archives", async (kind) => {
  await using source = await openWebdataset(await localContext(join(folder, `${kind}.tar`)));
  const rows = expected[kind] ?? [];
  expect(await columnOf(source, "__key__")).toEqual(rows.map((row) => row.__key__));
  expect(await columnOf(source, "txt")).toEqual(rows.map((row) => Buffer.from(row.txt ?? "", "base64").toString()));
  expect(await columnOf(source, "cls")).toEqual([7n, 7n, 7n]);
});

test.each(["a.tar.gz", "a.tgz", "a.tar.zst"])("%s is unpacked", async (name) => {
  const entries = Array.from({ length: 50 }, (_, i) => ({ name: `${i}.txt`, content: text(`text ${i}`) }));
  await using source = await openWebdataset(await localContext(await archive(entries, name)));
  expect(await columnOf(source, "txt")).toEqual(entries.map((_, i) => `text ${i}`));
  const { columns } = await source.take([49, 0], { columns: ["txt"] });
  expect(columns.txt).toEqual(["text 49", "text 0"]);
});

test("files that are no sample are passed over, as WebDataset does", async () => {
  const names = ["README", "__meta__", "__info__/x.txt", "a/.hidden", "a/1.txt", "b.c/2.txt", "b.c/2.CLS"];
  const location = await archive(names.map((name) => ({ name, content: text("5") })));
  await using source = await openWebdataset(await localContext(location));
  expect(await columnOf(source, "__key__")).toEqual(["a/1", "b.c/2"]);
  expect(source.faults.total).toBe(0);
});

const good = (key: string): TarEntry[] => [{ name: `${key}.txt`, content: text(key) }];

test.each<[what: string, code: string, bad: TarEntry[]]>([
  ["a name that leaves the folder", "unsafe-path", [{ name: "x/../../bad.txt", content: text("bad") }]],
  ["an absolute name", "unsafe-path", [{ name: "/bad.txt", content: text("bad") }]],
  ["a link", "unsafe-path", [{ name: "bad.txt", content: text(""), type: "2" }]],
  ["a device", "unsafe-path", [{ name: "bad.txt", content: text(""), type: "3" }]],
  [
    "the same field twice",
    "syntax",
    [
      { name: "bad.txt", content: text("bad") },
      { name: "bad.txt", content: text("worse") },
    ],
  ],
  [
    "a link among good files",
    "unsafe-path",
    [
      { name: "bad.txt", content: text("bad") },
      { name: "bad.json", content: text(""), type: "1" },
      { name: "bad.cls", content: text("1") },
    ],
  ],
])("%s: the sample is left out and reported", async (_, code, bad) => {
  const location = await archive([...good("first"), ...bad, ...good("last")]);
  const context = await localContext(location);
  await using source = await openWebdataset(context);
  expect(await columnOf(source, "txt")).toEqual(["first", "last"]);
  expect(context.faults.counts()).toEqual({ [code]: 1 });
  await expect(openWebdataset(await localContext(location, { log: { policy: "fail" } }))).rejects.toThrow(code);
});

test("a truncated archive keeps the samples before the one that is cut", async () => {
  const location = await archive([...good("first"), ...good("second"), ...good("third")]);
  const bytes = await readFile(location);
  for (const [length, kept, code] of [
    [bytes.length - 1024, ["first", "second"], "truncated"],
    [2 * 1024 + 512 + 3, ["first"], "truncated"],
    [2 * 1024 + 100, ["first"], "truncated"],
    [0, undefined, "empty"],
  ] as const) {
    await writeFile(location, bytes.subarray(0, length));
    const context = await localContext(location);
    if (kept === undefined) await expect(openWebdataset(context)).rejects.toThrow("there is no sample in 1 archives");
    else {
      await using source = await openWebdataset(context);
      expect(await columnOf(source, "txt")).toEqual(kept);
    }
    expect(context.faults.counts()).toEqual({ [code]: 1 });
  }
});

test("bytes that do not decode are a fault of their row", async () => {
  const entries = ["1", "x", "99999999999999999999"].map((digits, i) => ({ name: `${i}.cls`, content: text(digits) }));
  const context = await localContext(await archive(entries));
  await using source = await openWebdataset(context);
  expect(await columnOf(source, "cls")).toEqual([1n]);
  expect(context.faults.counts()).toEqual({ syntax: 1, range: 1 });
  expect(context.faults.examples[0]).toMatchObject({ row: 1, detail: "a class that is no integer" });
});

test("the pass over an archive is made once where there is a cache", async () => {
  const location = await archive([...good("first"), { name: "/bad.txt", content: text("bad") }, ...good("last")]);
  const cache = new ShardCache({ folder: await mkdtemp(join(tmpdir(), "cache-")) });
  const context = await localContext(location);
  await using first = await openWebdataset(context, { cache });
  expect(await columnOf(first, "txt")).toEqual(["first", "last"]);
  // Other bytes of the same size and time: who made another pass would find nothing.
  const again = {
    ...context,
    faults: new FaultLog(),
    store: { ...context.store, read: () => Promise.reject(new Error("read")) },
  };
  await writeFile(location, (await readFile(location)).fill(0, 0, 512));
  await using second = await openWebdataset(again, { cache });
  expect(await columnOf(second, "txt")).toEqual(["first", "last"]);
  expect(again.faults.counts()).toEqual({ "unsafe-path": 1 });
});

/** Formats with a container, read through `openSource` in order and by number, with seeded damage: sound rows and counted faults, or a DataError, and nothing else. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, expect, test } from "vitest";
import { tarArchive, tarMember } from "../../../test/support/tar.ts";
import { isCameoError } from "../../base/errors.ts";
import { packSource } from "../codec/pack.ts";
import { damaged } from "../damage.contract.ts";
import { writeShards } from "../stream/write-shards.ts";
import { openSource } from "./open.ts";

const root = mkdtempSync(join(tmpdir(), "damage-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const numRows = 40;
const jsonl = Array.from({ length: numRows }, (_, i) => `{"n":${i},"ok":${i % 2 === 0},"t":"row ü ${i}","j":[${i}]}\n`);
const parquet = new Uint8Array(
  parquetWriteBuffer({
    columnData: [
      { name: "n", data: Array.from({ length: numRows }, (_, i) => i), type: "INT32" },
      { name: "x", data: Array.from({ length: numRows }, (_, i) => i / 3), type: "DOUBLE" },
      { name: "t", data: Array.from({ length: numRows }, (_, i) => `row ${i}`), type: "STRING" },
    ],
    rowGroupSize: 16,
  }),
);
const tar = tarArchive(
  ...Array.from({ length: 6 }, (_, i) => [
    tarMember(`${i}.cls`, String(i)),
    tarMember(`${i}.json`, `{"i":${i}}`),
  ]).flat(),
);
const text = Buffer.from(jsonl.join(""));

/** A folder that a writer of ours made; each of its files is damaged in turn. */
async function written(
  name: string,
  write: (folder: string) => Promise<unknown>,
): Promise<readonly [string, string][]> {
  const folder = join(root, name);
  await write(folder);
  return readdirSync(folder).map((file) => [folder, file]);
}

async function rowsSource(): Promise<Awaited<ReturnType<typeof openSource>>> {
  const path = join(root, "rows.jsonl");
  writeFileSync(path, text);
  return openSource(path);
}

/** Reads all that is there, by rows in order and by number. Returns how many rows came. */
async function readAll(location: string): Promise<number> {
  await using source = await openSource(location, { unpack: { maxBytes: 2 ** 22 } });
  let rows = 0;
  for await (const table of source.read()) {
    rows += table.numRows;
    expect(table.rows).toHaveLength(table.numRows);
    for (const column of Object.values(table.columns)) expect(column).toHaveLength(table.numRows);
  }
  if (source.numRows !== undefined) expect(rows).toBeLessThanOrEqual(source.numRows);
  if (source.numRows) await source.take?.([source.numRows - 1, 0]);
  return rows;
}

/** Damages a file in place, again and again. */
async function expectNoCrash(location: string, path: string, rounds: number): Promise<void> {
  const sound = readFileSync(path);
  let [whole, refused] = [0, 0];
  try {
    for (const bytes of damaged(sound, { rounds })) {
      writeFileSync(path, bytes);
      try {
        await readAll(location);
        whole++;
      } catch (error) {
        refused++;
        if (!isCameoError(error)) throw error;
      }
    }
  } finally {
    writeFileSync(path, sound);
  }
  expect([whole > 0, refused > 0]).toEqual([true, true]);
}

test.each([
  ["rows.jsonl", text],
  ["rows.parquet", parquet],
  ["rows.tar", tar],
  ["rows.jsonl.gz", gzipSync(text)],
  ["rows.jsonl.zst", zstdCompressSync(text)],
  ["rows.tar.gz", gzipSync(tar)],
] as const)("%s", async (name, content) => {
  const path = join(root, `damaged-${name}`);
  writeFileSync(path, content);
  expect(await readAll(path)).toBe(name.includes("tar") ? 6 : numRows);
  await expectNoCrash(path, path, 100);
});

test.each([
  ["mds", (folder: string) => rowsSource().then((source) => writeShards(source, { format: "mds", folder }))],
  [
    "mds.zstd",
    (folder: string) =>
      rowsSource().then((source) => writeShards(source, { format: "mds", folder, compression: "zstd" })),
  ],
  [
    "webdataset",
    (folder: string) => rowsSource().then((source) => writeShards(source, { format: "webdataset", folder })),
  ],
  ["pack", (folder: string) => rowsSource().then((source) => packSource(source, folder, { workers: 0 }))],
] as const)("every file of %s", async (name, write) => {
  for (const [folder, file] of await written(name, write)) {
    if (file === ".cameo-shards.json") continue; // notes of the writer, which no reader opens
    expect(await readAll(folder)).toBe(numRows);
    await expectNoCrash(folder, join(folder, file), 50);
  }
});

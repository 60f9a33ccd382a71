import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, test } from "vitest";
import type { Schema, Table } from "../table.ts";
import { openSource } from "./open.ts";
import { parquetGroups } from "./parquet.ts";
import { writeTable } from "./write-table.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "write-table-"));
});

const schema: Schema = [
  { name: "i8", type: "int8", nullable: false },
  { name: "u32", type: "uint32", nullable: false },
  { name: "u64", type: "uint64", nullable: false },
  { name: "half", type: "float16", nullable: false },
  { name: "x", type: "float64", nullable: true },
  { name: "ok", type: "bool", nullable: false },
  { name: "text", type: "string", nullable: true },
  { name: "raw", type: "bytes", nullable: false },
  { name: "image", type: "image", nullable: false },
  { name: "when", type: "timestamp", nullable: false },
  { name: "more", type: "json", nullable: true },
];
const table: Table = {
  numRows: 3,
  columns: {
    i8: Int8Array.of(-1, 0, 127),
    u32: Uint32Array.of(0, 1, 2 ** 32 - 1),
    u64: BigUint64Array.of(0n, 1n, 2n ** 64n - 1n),
    half: Uint16Array.of(0x3c00, 0xc000, 0x7bff),
    x: [0.1, null, -5],
    ok: Uint8Array.of(1, 0, 1),
    text: ['a "quoted", text\nof two lines', null, "ü"],
    raw: [Uint8Array.of(1, 2), new Uint8Array(), Uint8Array.of(255)],
    image: [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)],
    when: [0, 1_600_000_000_123, -1],
    more: [{ a: [1, "b"] }, null, [1]],
  },
};
async function* tables(times = 1): AsyncGenerator<Table> {
  for (let i = 0; i < times; i++) yield table;
}

test("writeTable keeps values and types in Parquet", async () => {
  const path = join(folder, "new/a.parquet");
  const { numRows, sizeBytes } = await writeTable(path, schema, tables(4), { rowGroupRows: 6 });
  assert.equal(numRows, 12);
  assert.equal(sizeBytes, (await readFile(path)).length);
  assert.deepEqual(await readdir(join(folder, "new")), ["a.parquet"]);
  const source = await openSource(path);
  assert.deepEqual(
    parquetGroups(source)?.map((group) => group.numRows),
    [6, 6],
  );
  const types = Object.fromEntries(schema.map(({ name, type }) => [name, type === "float16" ? "float32" : type]));
  assert.deepEqual(Object.fromEntries(source.schema.map(({ name, type }) => [name, type])), types);
  for await (const read of source.read({ batchRows: 3 })) {
    assert.deepEqual(read.columns, { ...table.columns, half: Float32Array.of(1, -2, 65504) });
  }
});

test("writeTable writes CSV and JSONL that read back", async () => {
  const some = schema.filter(({ name }) => ["i8", "x", "ok", "text", "more"].includes(name));
  for (const name of ["a.csv", "a.tsv.gz", "a.jsonl", "a.jsonl.zst"]) {
    await writeTable(join(folder, name), some, tables(2));
    const source = await openSource(join(folder, name), { types: { text: "string?", more: "json?" } });
    const slices = await Array.fromAsync(source.read({ batchRows: 3 }));
    assert.equal(source.faults.total, 0, JSON.stringify(source.faults.examples));
    assert.equal(slices.length, 2);
    for (const { columns } of slices)
      assert.deepEqual(
        columns,
        { ...Object.fromEntries(some.map(({ name }) => [name, table.columns[name]])), i8: Float64Array.of(-1, 0, 127) },
        name,
      );
  }
});

test("writeTable leaves nothing behind when its rows break off, and refuses other formats", async () => {
  async function* broken(): AsyncGenerator<Table> {
    yield table;
    throw new Error("no more");
  }
  for (const name of ["b.parquet", "b.csv", "b.jsonl.gz"])
    await assert.rejects(writeTable(join(folder, name), schema, broken()), /no more/);
  await assert.rejects(writeTable(join(folder, "b.xlsx"), schema, tables()), RangeError);
  await assert.rejects(writeTable(join(folder, "b.parquet.gz"), schema, tables()), RangeError);
  assert.deepEqual(await readdir(folder), []);
});

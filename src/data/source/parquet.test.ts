import assert from "node:assert/strict";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parquetWriteBuffer } from "hyparquet-writer";
import { test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import { openSource } from "./open.ts";
import { parquetGroups } from "./parquet.ts";
import type { ReadRowsOptions, Source } from "./source.ts";
import { writeTable } from "./write-table.ts";

const fixture = (name: string): string => fileURLToPath(new URL(`../../../fixtures/parquet/${name}`, import.meta.url));

const expected = JSON.parse(await readFile(fixture("types.json"), "utf8")) as Record<string, unknown[]>;
expected["uint64"] = expected["uint64"]?.map((digits) => BigInt(digits as string)) as unknown[];
expected["int64"] = expected["int64"]?.map((value) => BigInt(value as number)) as unknown[];
expected["bool"] = expected["bool"]?.map(Number) as unknown[];
expected["bytes"] = expected["bytes"]?.map((cell) => Uint8Array.from((cell as { bytes: number[] }).bytes)) as unknown[];

async function columnsOf(source: Source, options?: ReadRowsOptions): Promise<Record<string, unknown[]>> {
  const all: Record<string, unknown[]> = {};
  for await (const { columns } of source.read(options))
    for (const [name, column] of Object.entries(columns)) {
      all[name] ??= [];
      all[name].push(...(column as Iterable<unknown>));
    }
  return all;
}

test.each(["types.parquet", "paged.parquet"])("parquet reads every type of %s as pyarrow wrote it", async (name) => {
  const source = await openSource(fixture(name));
  assert.equal(source.numRows, 300);
  const types = Object.fromEntries(
    source.schema.map((field) => [field.name, field.type + (field.nullable ? "?" : "")]),
  );
  for (const type of [
    "int8",
    "int16",
    "int32",
    "int64",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
    "bool",
    "string",
    "bytes",
  ])
    assert.equal(types[type], type);
  assert.deepEqual(
    [types["date"], types["us"], types["decimal"], types["some"], types["text"], types["list"]],
    ["timestamp", "timestamp", "float64", "int32?", "string?", "json?"],
  );
  const [table] = await Array.fromAsync(source.read({ batchRows: 10 }));
  assert.ok(table?.columns["int8"] instanceof Int8Array);
  assert.ok(table?.columns["int64"] instanceof BigInt64Array);
  const read = await columnsOf(source);
  for (const [column, values] of Object.entries(expected)) assert.deepEqual(read[column], values, column);
});

test.each(["none", "gzip", "brotli", "lz4"])("parquet unpacks %s", async (codec) => {
  const read = await columnsOf(await openSource(fixture(`${codec}.parquet`)));
  for (const column of ["int32", "string", "some"]) assert.deepEqual(read[column], expected[column]);
});

test("parquet reads ranges and takes rows over files and row groups", async () => {
  const pattern = fixture("{types,paged}.parquet");
  const source = await openSource(pattern);
  assert.equal(source.numRows, 600);
  const twice = (column: string): unknown[] => [...(expected[column] ?? []), ...(expected[column] ?? [])];
  for (const [start, end] of [
    [0, 1],
    [100, 310],
    [299, 301],
    [427, 429],
    [590, 700],
    [600, 601],
  ] as const) {
    const slices = await Array.fromAsync(source.read({ start, end, columns: ["text", "int32"], batchRows: 50 }));
    const rows = slices.flatMap((slice) => [...slice.rows]);
    assert.deepEqual(
      rows,
      Array.from({ length: Math.max(0, Math.min(end, 600) - start) }, (_, i) => start + i),
    );
    assert.deepEqual(
      slices.flatMap((slice) => slice.columns["text"] as unknown[]),
      twice("text").slice(start, end),
    );
    assert.ok(slices.every((slice) => slice.numRows <= 50));
  }
  const rows = [599, 0, 300, 0, 127, 128, 299];
  const table = await source.take?.(rows, { columns: ["text", "int64"] });
  assert.deepEqual(
    table?.columns["text"],
    rows.map((row) => twice("text")[row]),
  );
  assert.deepEqual(
    Array.from((table?.columns["int64"] ?? []) as BigInt64Array),
    rows.map((row) => twice("int64")[row]),
  );
  await assert.rejects(source.take?.([600]) ?? Promise.resolve(), { code: "data", message: /600 rows/ });
  assert.deepEqual(
    parquetGroups(source)?.map(({ start, numRows }) => [start, numRows]),
    [
      [0, 300],
      [300, 128],
      [428, 128],
      [556, 44],
    ],
  );
  assert.deepEqual(parquetGroups(source)?.[1]?.columns["int32"], { min: -50, max: 49, nulls: 0 });
});

test("parquet takes the bytes out of images of Hugging Face", async () => {
  const source = await openSource(fixture("images.parquet"));
  assert.deepEqual(
    source.schema.map(({ type }) => type),
    ["image", "int64"],
  );
  assert.deepEqual(
    (await columnsOf(source))["image"],
    [0, 1, 2, 3, 4].map((i) => Uint8Array.of(i, i)),
  );
});

test("parquet reads long runs of numbers as it reads short ones", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "parquet-")), "it's long.parquet");
  const n = 20_000;
  const schema = [
    { name: "i", type: "int64", nullable: false },
    { name: "u", type: "uint32", nullable: false },
    { name: 'x"y', type: "float64", nullable: true },
    { name: "s", type: "string", nullable: false },
  ] as const;
  const whole = {
    i: BigInt64Array.from({ length: n }, (_, i) => BigInt(i) - 5n),
    u: Uint32Array.from({ length: n }, (_, i) => 2 ** 32 - 1 - i),
    'x"y': Array.from({ length: n }, (_, i) => (i % 5 === 0 ? null : i / 3)),
    s: Array.from({ length: n }, (_, i) => String(i)),
  };
  await writeTable(
    path,
    schema,
    (async function* () {
      yield { numRows: n, columns: whole };
    })(),
  );
  await using source = await openSource(path);
  for (const start of [0, 11_000, 15_000]) {
    const [table] = await Array.fromAsync(source.read({ batchRows: n, start }));
    for (const [name, column] of Object.entries(whole))
      assert.deepEqual(table?.columns[name], column.slice(start), name);
  }
});

test("parquet reports cut and foreign files by their codes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "parquet-"));
  const bytes = await readFile(fixture("none.parquet"));
  const files = {
    "a.parquet": bytes,
    "b.parquet": bytes.subarray(0, -100),
    "c.parquet": Buffer.alloc(0),
    "d.parquet": Buffer.from("hello, this is text"),
    "e.parquet": await readFile(fixture("images.parquet")),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const source = await openSource(folder);
  assert.equal(source.numRows, 300);
  assert.deepEqual(source.faults.counts(), { empty: 1, truncated: 1, syntax: 1, schema: 1 });
  await assert.rejects(openSource(join(folder, "b.parquet")), { code: "data", message: /truncated/ });
});

test("a run that claims more values than there are is a fault, at once", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "parquet-")), "x.parquet");
  const damaged = await readFile(fixture("gzip.parquet"));
  // Found by the test below: two thousand million steps in the decoder.
  damaged[636] = 0o6;
  damaged[1091] = 0o220;
  await writeFile(path, damaged);
  const source = await openSource(path);
  await columnsOf(source);
  assert.deepEqual(source.faults.counts(), { decode: 1 });
});

test("damaged Parquet gives rows and faults, never anything else", async () => {
  const folder = await mkdtemp(join(tmpdir(), "parquet-"));
  const random = new RandomStream(5, "damage");
  let at = 0;
  let faults = 0;
  for (const name of ["none.parquet", "gzip.parquet", "types.parquet"]) {
    const good = await readFile(fixture(name));
    for (let round = 0; round < 25; round++) {
      const damaged = Buffer.from(good);
      for (let i = 1 + random.integer(at++, 3); i > 0; i--)
        damaged[random.integer(at++, damaged.length)] = random.integer(at++, 256);
      const path = join(folder, "x.parquet");
      await writeFile(path, damaged);
      try {
        const source = await openSource(path);
        await columnsOf(source);
        faults += source.faults.total;
      } catch (error) {
        assert.equal((error as { code?: string }).code, "data", String((error as Error).stack));
        faults++;
      }
    }
  }
  assert.ok(faults > 20, `${faults} faults`);
});

test("a row that cannot be decoded is taken with its fault, so that a stream goes on without it", async () => {
  const column = { name: "n", data: Array.from({ length: 100 }, (_, i) => i), type: "INT32" } as const;
  const damaged = new Uint8Array(parquetWriteBuffer({ columnData: [column] }));
  damaged.fill(7, 20, 120);
  const path = join(await mkdtemp(join(tmpdir(), "parquet-")), "take.parquet");
  await writeFile(path, damaged);
  const source = await openSource(path);
  await columnsOf(source);
  const [fault] = source.faults.examples;
  const row = 99;
  assert.equal(source.faults.numRows, 100);
  await assert.rejects(
    async () => source.take?.([row]),
    (error: { fault?: { code: string; row: number } }) => {
      assert.deepEqual([error.fault?.code, error.fault?.row], [fault?.code, row]);
      return true;
    },
  );
});

import assert from "node:assert/strict";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { beforeEach, test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import { FaultLog } from "../fault.ts";
import { type OpenSourceOptions, openSource } from "./open.ts";
import type { ReadRowsOptions, Source } from "./source.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "open-source-"));
});

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, content);
  return path;
}

interface Rows {
  rows: number[];
  columns: Record<string, unknown[]>;
}

async function rowsOf(source: Source, options?: ReadRowsOptions): Promise<Rows> {
  const all: Rows = { rows: [], columns: {} };
  for await (const { rows, columns, numRows } of source.read(options)) {
    assert.equal(rows.length, numRows);
    all.rows.push(...rows);
    for (const [name, column] of Object.entries(columns)) {
      assert.equal(column.length, numRows);
      const known = all.columns[name] ?? [];
      all.columns[name] = known;
      known.push(...(column as Iterable<unknown>));
    }
  }
  return all;
}

const opened = async (name: string, content: string | Uint8Array, options?: OpenSourceOptions): Promise<Source> =>
  openSource(await file(name, content), options);

const schemaOf = (source: Source): string =>
  source.schema.map(({ name, type, nullable }) => `${name} ${type}${nullable ? "?" : ""}`).join(", ");

test("text gives a row a line, or a row a file", async () => {
  const source = await opened("a.txt", "one\r\n\ntwo ü\nlast");
  assert.equal(source.format, "text");
  assert.equal(source.numRows, undefined);
  assert.deepEqual(await rowsOf(source), { rows: [0, 1, 2, 3], columns: { text: ["one", "", "two ü", "last"] } });
  assert.equal(source.numRows, 4);
  await file("b.txt", "second\nfile");
  const files = await openSource(join(folder, "*.txt"), { textRows: "file" });
  assert.deepEqual((await rowsOf(files)).columns.text, ["one\r\n\ntwo ü\nlast", "second\nfile"]);
});

test("jsonl infers columns and types; typed columns are typed arrays", async () => {
  const lines = [
    { id: 1, name: "a", ok: true, tags: ["x"], score: null },
    { id: 2.5, name: "b", ok: false, tags: [], score: 1, extra: "e" },
  ];
  const source = await opened("a.jsonl", `${lines.map((line) => JSON.stringify(line)).join("\n")}\n\n`);
  assert.equal(schemaOf(source), "id float64, name string, ok bool, tags json, score float64?, extra string?");
  const [table] = await Array.fromAsync(source.read());
  assert.deepEqual(table?.columns, {
    id: Float64Array.of(1, 2.5),
    name: ["a", "b"],
    ok: Uint8Array.of(1, 0),
    tags: [["x"], []],
    score: [null, 1],
    extra: [null, "e"],
  });
});

test("jsonl sets faulty lines aside, each once, and keeps the numbers of the others", async () => {
  const good = Array.from({ length: 40 }, (_, i) => `{"n":${i}}`);
  const bad = ['{"n":', '{"n":"text"}', "[1]", '{"n":NaN}', "{}"];
  const bytes = Buffer.concat([
    Buffer.from([...good, ...bad].join("\n")),
    Buffer.from('\n{"n":"\xff"}\n{"n":7}', "latin1"),
  ]);
  const source = await opened("a.jsonl", bytes, { types: { n: "float64" } });
  const first = await rowsOf(source);
  assert.deepEqual(first.rows, [...good.keys(), 46]);
  assert.deepEqual(source.faults.counts(), { syntax: 3, schema: 2, utf8: 1 });
  await rowsOf(source);
  assert.equal(source.faults.total, 6);
  assert.equal(source.faults.examples.find(({ code }) => code === "utf8")?.row, 45);
  const late = await opened("late.jsonl", `${'{"n":1}\n'.repeat(6000)}{"n":1,"unknown":2}\n`);
  assert.equal((await rowsOf(late)).rows.length, 6000);
  assert.match(late.faults.examples[0]?.detail ?? "", /the key "unknown"/);
  const long = await opened("long.jsonl", '{"n":1}\n{"n":12345678901234567891}\n{"n":1e300}\n{"n":9007199254740992}\n');
  assert.deepEqual((await rowsOf(long)).rows, [0, 2, 3]);
  assert.deepEqual(long.faults.counts(), { range: 1 });
  const strict = await opened("a.jsonl", bytes, { faults: new FaultLog({ policy: "fail" }) });
  await assert.rejects(rowsOf(strict), { code: "data", message: /row 40: syntax/ });
});

test("csv sniffs delimiter, header and types", async () => {
  const text =
    'id;name;price;when;flag;zip\n1;"a;""b""\nc";1.5;2024-02-01;true;01234\n2;d;;2024-02-01 12:00;FALSE;00501\n';
  const source = await opened("a.csv", text);
  assert.equal(schemaOf(source), "id float64, name string, price float64?, when timestamp, flag bool, zip string");
  const { columns } = await rowsOf(source);
  assert.deepEqual(columns, {
    id: [1, 2],
    name: ['a;"b"\nc', "d"],
    price: [1.5, null],
    when: [Date.UTC(2024, 1, 1), Date.UTC(2024, 1, 1, 12)],
    flag: [1, 0],
    zip: ["01234", "00501"],
  });
  assert.equal(schemaOf(await opened("b.csv", "1,2\n3,4\n")), "column0 float64, column1 float64");
  assert.equal(schemaOf(await opened("c.tsv", "a\tb\n1,5\tx\n")), "a string, b string");
  const given = await opened("d.csv", "a,b\n1,2\n,9\n", { types: { a: "int64?", b: "string" } });
  assert.deepEqual((await rowsOf(given)).columns, { a: [1n, null], b: ["2", "9"] });
});

test("csv sets aside rows that do not fit", async () => {
  const good = Array.from({ length: 60 }, (_, i) => `${i},x${i}`);
  const bad = ["1", "1,2,3", "text,y", '7,"open', "99999999999999999999,y"];
  const source = await opened("a.csv", ["n,s", ...good.slice(0, 30), ...bad, ...good.slice(30)].join("\r\n"));
  const { rows, columns } = await rowsOf(source);
  assert.deepEqual(
    columns.s,
    Array.from({ length: 60 }, (_, i) => `x${i}`),
  );
  assert.deepEqual(rows, [...Array(30).keys(), ...Array.from({ length: 30 }, (_, i) => 35 + i)]);
  assert.deepEqual(source.faults.counts(), { syntax: 1, schema: 4 });
});

test("files of one source follow each other; empty and odd ones are reported", async () => {
  await file("d/a.csv", "x,y\n1,2\n");
  await file("d/b.csv", "");
  await file("d/c.csv", "y,x\n1,2\n");
  await file("d/e.csv.gz", gzipSync("x,y\n3,4\n5,6\n"));
  await file("d/README.md", "# About");
  const source = await openSource(join(folder, "d"));
  assert.deepEqual(await rowsOf(source), { rows: [0, 1, 2], columns: { x: [1, 3, 5], y: [2, 4, 6] } });
  assert.deepEqual(source.faults.counts(), { empty: 1, schema: 1 });
  assert.deepEqual(
    source.files.map(({ numRows }) => numRows),
    [1, 2],
  );
  await file("d/f.jsonl", "{}");
  await assert.rejects(openSource(join(folder, "d")), { code: "data", message: /several kinds/ });
});

test("a packed file that ends too early gives its rows and one fault", async () => {
  const text = Array.from({ length: 20_000 }, (_, i) => `{"n":${i},"x":"${(i * 7919) % 1009}"}\n`).join("");
  for (const [name, bytes] of [
    ["a.jsonl.gz", gzipSync(text)],
    ["a.jsonl.zst", zstdCompressSync(text)],
  ] as const) {
    const whole = await opened(name, bytes);
    assert.equal((await rowsOf(whole)).rows.length, 20_000);
    assert.equal(whole.take, undefined);
    const cut = await opened(`cut-${name}`, bytes.subarray(0, bytes.length - 30));
    const { length } = (await rowsOf(cut)).rows;
    assert.ok(length > 5000 && length < 20_000, `${length} rows`);
    assert.deepEqual(cut.faults.counts(), { truncated: 1 });
  }
});

test("read starts and ends anywhere, and take finds rows, also in a file never read", async () => {
  const line = (i: number): string => `{"n":${i},"pad":"${"p".repeat(i % 300)}"}`;
  const all = 12_000;
  const cut = 7000;
  await file("s/a.jsonl", Array.from({ length: cut }, (_, i) => line(i)).join("\n"));
  await file("s/b.jsonl", Array.from({ length: all - cut }, (_, i) => line(cut + i)).join("\n"));
  const fresh = (): Promise<Source> => openSource(join(folder, "s"));
  const range = (start: number, end: number): number[] => Array.from({ length: end - start }, (_, i) => start + i);
  for (const [start, end] of [
    [0, 10],
    [5000, 5010],
    [6990, 7010],
    [7000, 7001],
    [11_990, 20_000],
    [20_000, 20_001],
  ] as const) {
    const { rows, columns } = await rowsOf(await fresh(), { start, end, columns: ["n"] });
    assert.deepEqual(rows, range(start, Math.min(end, all)).slice(0));
    assert.deepEqual(columns.n ?? [], rows);
  }
  const rows = [11_999, 0, 7000, 6999, 0, 3333];
  for (const source of [await fresh(), await fresh()]) {
    const table = await source.take?.(rows, { columns: ["n"] });
    assert.deepEqual(Array.from((table?.columns.n ?? []) as Float64Array), rows);
    assert.equal(source.numRows, all);
  }
  await assert.rejects((await fresh()).take?.([all]) ?? Promise.resolve(), { code: "data", message: /12000 rows/ });
  assert.throws(() => new Float64Array(-1));
  await assert.rejects(rowsOf(await fresh(), { columns: ["none"] }), RangeError);
});

test("finite reports NaN and infinities in the columns that must be numbers", async () => {
  const text = "a,b\n1,nan\ninf,2\n3,4\n";
  assert.deepEqual((await rowsOf(await opened("a.csv", text))).columns.a, [1, Number.POSITIVE_INFINITY, 3]);
  const source = await opened("a.csv", text, { finite: ["a"] });
  assert.deepEqual(await rowsOf(source), { rows: [0, 2], columns: { a: [1, 3], b: [Number.NaN, 4] } });
  assert.deepEqual(source.faults.counts(), { "not-finite": 1 });
  await assert.rejects(source.take?.([1]) ?? Promise.resolve(), { code: "data", message: /not-finite/ });
  assert.equal((await rowsOf(await opened("a.csv", text, { finite: true }))).rows.length, 1);
});

test("openSource says what it cannot open", async () => {
  await assert.rejects(openSource(join(folder, "none")), { code: "data", message: /there is no such file/ });
  await file("m/a.csv", "x\n1\n");
  await file("m/b.jsonl", "{}\n");
  await assert.rejects(openSource(join(folder, "m")), {
    code: "data",
    message: /it holds 1 \.csv, 1 \.jsonl files, must/,
  });
  await assert.rejects(opened("a.bin", new Uint8Array(100)), { code: "data", message: /known format/ });
  await assert.rejects(opened("a.jsonl", ""), { code: "data", message: /no file of 1 can be read \(empty/ });
  await assert.rejects(opened("a.jsonl", "nonsense"), { code: "data", message: /no sampled line/ });
  await assert.rejects(opened("a.csv", "a\n", { delimiter: ";;" }), { code: "data", message: /delimiter/ });
  await assert.rejects(opened("a.csv", "a\n", { format: "xls" }), RangeError);
});

test("damaged files give rows and faults, never anything else", async () => {
  const random = new RandomStream(11, "damage");
  const good = {
    "a.jsonl": Buffer.from(Array.from({ length: 30 }, (_, i) => `{"n":${i},"s":"ü${i}","l":[1,{"a":2}]}\n`).join("")),
    "a.csv": Buffer.from(`n,s\n${Array.from({ length: 30 }, (_, i) => `${i},"q""${i}\n"\n`).join("")}`),
    "a.csv.gz": gzipSync(`n,s\n${Array.from({ length: 30 }, (_, i) => `${i},x\n`).join("")}`),
    "a.jsonl.zst": zstdCompressSync(Array.from({ length: 30 }, (_, i) => `{"n":${i}}\n`).join("")),
  };
  let at = 0;
  for (const [name, bytes] of Object.entries(good))
    for (let round = 0; round < 25; round++) {
      const damaged = Buffer.from(
        bytes.subarray(0, random.integer(at++, 3) === 0 ? random.integer(at++, bytes.length) : bytes.length),
      );
      for (let i = random.integer(at++, 4); i > 0 && damaged.length > 0; i--)
        damaged[random.integer(at++, damaged.length)] = random.integer(at++, 256);
      try {
        await rowsOf(await opened(name, damaged));
      } catch (error) {
        assert.equal((error as { code?: string }).code, "data", String((error as Error).stack));
      }
    }
});

test("jsonl refuses rows that are nested without end, and knows keys that every object has", async () => {
  const deep = `{"j":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
  const source = await opened("deep.jsonl", `{"j":[1],"constructor":"Lotus"}\n${deep}\n{"j":[2]}\n`);
  const [table] = await Array.fromAsync(source.read());
  assert.deepEqual(table?.columns, { j: [[1], [2]], constructor: ["Lotus", null] });
  assert.deepEqual(source.faults.examples, [
    { code: "syntax", source: source.location, row: 1, detail: "it is nested more than 500 levels deep" },
  ]);
});

test("what is read twice is counted once", async () => {
  const source = await opened("twice.jsonl", '{"n":1}\n{"n":\n{"n":3}\n');
  for (let pass = 0; pass < 3; pass++) await rowsOf(source);
  assert.deepEqual([source.faults.counts(), source.faults.numRows], [{ syntax: 1 }, 1]);
  await assert.rejects(async () => source.take?.([1]), { code: "data", message: /row 1: syntax: / });
});

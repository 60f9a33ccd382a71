import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, test } from "vitest";
import { openSource } from "../source/open.ts";
import type { Source } from "../source/source.ts";
import type { Table } from "../table.ts";
import { filterSource } from "./filter.ts";
import { joinSources } from "./join.ts";
import { querySources } from "./query.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sql-"));
});

async function jsonl(name: string, rows: readonly object[]): Promise<Source> {
  const path = join(folder, name);
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return openSource(path);
}

async function columnsOf(tables: AsyncIterable<Table>): Promise<Record<string, unknown[]>> {
  const all: Record<string, unknown[]> = {};
  for await (const { columns } of tables)
    for (const [name, column] of Object.entries(columns))
      all[name] = [...(all[name] ?? []), ...(column as Iterable<unknown>)];
  return all;
}

test("filterSource gives the rows that meet a condition, with their numbers, over many slabs", async () => {
  const rows = Array.from({ length: 50_000 }, (_, i) => ({
    n: i,
    even: i % 2 === 0,
    text: `t${i % 10}`,
    maybe: i % 3 ? i : null,
    list: [i],
  }));
  const source = await jsonl("many.jsonl", rows);
  const filtered = await filterSource(source, "n % 1000 = 7 AND \"text\" = 't7' -- a comment");
  const read: number[] = [];
  for await (const slice of filtered.read({ batchRows: 20, columns: ["text", "n"] })) {
    assert.deepEqual(Object.keys(slice.columns), ["text", "n"]);
    assert.deepEqual([...(slice.columns["n"] as Float64Array)], [...slice.rows]);
    assert.ok(slice.columns["n"] instanceof Float64Array && slice.numRows <= 20);
    read.push(...slice.rows);
  }
  assert.deepEqual(
    read,
    Array.from({ length: 50 }, (_, i) => 7 + 1000 * i),
  );
  const count = async (where: string): Promise<number> =>
    (await columnsOf((await filterSource(source, where)).read({ columns: ["n"] })))["n"]?.length ?? 0;
  assert.equal(await count("maybe IS NULL"), Math.ceil(50_000 / 3));
  assert.equal(await count("even"), 25_000);
  assert.equal(await count("list->>'$[0]' = '5'"), 1);
  assert.equal(await count("1 = 0"), 0);
});

test("filterSource compares every type of Parquet", async () => {
  const path = fileURLToPath(new URL("../../../fixtures/parquet/types.parquet", import.meta.url));
  const all = await columnsOf((await openSource(path)).read());
  for (const [where, test] of [
    ["uint64 < 18446744073709551500", (i: number) => (all["uint64"]?.[i] as bigint) < 18446744073709551500n],
    ["date >= '2020-03-01'", (i: number) => (all["date"]?.[i] as number) >= Date.UTC(2020, 2, 1)],
    ['"some" > 250 OR "some" IS NULL', (i: number) => all["some"]?.[i] === null || (all["some"]?.[i] as number) > 250],
    ["bytes = '\\x01\\xFF'::BLOB", (i: number) => (all["bytes"]?.[i] as Uint8Array | undefined)?.[0] === 1],
    ["bool AND int8 < 0", (i: number) => all["bool"]?.[i] === 1 && (all["int8"]?.[i] as number) < 0],
  ] as const) {
    const rows: number[] = [];
    for await (const slice of (await filterSource(await openSource(path), where)).read()) rows.push(...slice.rows);
    assert.deepEqual(rows, [...Array(300).keys()].filter(test), where);
    assert.ok(rows.length > 0 && rows.length < 300, where);
  }
});

test("SQL that is none, or that wants out, is refused in one line", async () => {
  const source = await jsonl("few.jsonl", [{ n: 1 }]);
  for (const where of [
    "n >",
    "m = 1",
    "n = 1) OR (1",
    "n = 1; SELECT 2",
    "n = 'x'",
    "n IN (SELECT * FROM read_csv('x.csv'))",
  ]) {
    const attempt = filterSource(source, where).then((filtered) => columnsOf(filtered.read()));
    if (where.startsWith("n = 1) OR"))
      await attempt; // odd, but a condition
    else
      await assert.rejects(
        attempt,
        (error: Error & { code: string }) => error.code === "data" && !error.message.includes("\n"),
        where,
      );
  }
  await assert.rejects(querySources({ t: source }, "SELECT * FROM read_csv('x.csv')"), { code: "data" });
});

test("joinSources joins in all ways", async () => {
  const left = await jsonl("left.jsonl", [
    { id: 1, x: "a" },
    { id: 2, x: "b" },
    { id: 2, x: "c" },
  ]);
  const right = await jsonl("right.jsonl", [
    { key: 2, x: "r", y: 5 },
    { key: 3, x: "s", y: 6 },
  ]);
  const joined = async (kind: "inner" | "left" | "right" | "full" | "semi" | "anti"): Promise<string[]> => {
    await using result = await joinSources(left, right, { on: [["id", "key"]], kind });
    const columns = await columnsOf(result.read());
    return (Object.values(columns)[0] ?? [])
      .map((_, i) =>
        Object.entries(columns)
          .map(([name, column]) => `${name}=${column[i]}`)
          .join(" "),
      )
      .sort();
  };
  const two = ["id=2 x=b x_right=r y=5", "id=2 x=c x_right=r y=5"];
  assert.deepEqual(await joined("inner"), two);
  assert.deepEqual(await joined("left"), ["id=1 x=a x_right=null y=null", ...two]);
  assert.deepEqual(await joined("right"), [...two, "id=3 x=null x_right=s y=6"]);
  assert.equal((await joined("full")).length, 4);
  assert.deepEqual(await joined("semi"), ["id=2 x=b", "id=2 x=c"]);
  assert.deepEqual(await joined("anti"), ["id=1 x=a"]);
});

test("querySources gives types of results", async () => {
  const t = await jsonl("t.jsonl", [
    { n: 1.5, s: "a", day: "2024-01-02" },
    { n: 2, s: "b", day: "2024-01-03" },
  ]);
  await using result = await querySources(
    { t },
    "SELECT sum(n) AS total, count(*) AS num, max(day::DATE) AS last, min(n)::DECIMAL(4,1) AS low, [1] AS list FROM t",
  );
  assert.deepEqual(
    result.schema.map(({ type }) => type),
    ["float64", "int64", "timestamp", "float64", "string"],
  );
  assert.deepEqual(await columnsOf(result.read()), {
    total: [3.5],
    num: [2n],
    last: [Date.UTC(2024, 0, 3)],
    low: [1.5],
    list: ["[1]"],
  });
});

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cameo, jsonLines, temporaryFolder } from "../../test/support/cli.ts";
import { Interrupted } from "./_failure.ts";

const folder = temporaryFolder();
const rows = join(folder, "rows.jsonl");
writeFileSync(
  rows,
  Array.from({ length: 300 }, (_, i) => `${JSON.stringify({ id: i, text: `text ${i}` })}\n`).join(""),
);

test("rows become MDS shards with an index, and are read back", async () => {
  const out = join(folder, "mds");
  const { code, stdout, stderr } = await cameo(["data", "shard", rows, "--out", out, "--shard-bytes", "2kB"]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^wrote .*mds, 300 rows in 4 shards, [\d.]+ kB\n$/);
  const index = JSON.parse(readFileSync(join(out, "index.json"), "utf8"));
  expect(index.shards).toHaveLength(4);
  expect(index.shards[0].raw_data.hashes.sha256).toMatch(/^[0-9a-f]{64}$/);
  const again = join(folder, "again");
  await cameo(["data", "shard", out, "--out", again, "--format", "webdataset", "--columns", "text"]);
  expect(readdirSync(again).sort()).toEqual([".cameo-index.json", ".cameo-shards.json", "shard-000000.tar"]);
});

test("--json prints a line per shard and a last one", async () => {
  const words = ["data", "shard", rows, "--out", join(folder, "json"), "--shard-bytes", "4kB", "--json"];
  const lines = jsonLines((await cameo([...words, "--compression", "zstd:5"])).stdout);
  expect(lines.at(-1)).toMatchObject({ type: "shards", rows: 300, resumedRows: 0, faults: {} });
  expect(lines.slice(0, -1)).toHaveLength((lines.at(-1) as { shards: number }).shards);
});

test("faulty rows are left out and counted", async () => {
  const path = join(folder, "bad.jsonl");
  writeFileSync(path, '{"id": 1}\n{"id"\n{"id": 3}\n');
  const { code, stdout } = await cameo(["data", "shard", path, "--out", join(folder, "bad")]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^wrote .*, 2 rows in 1 shard, .*\nleft out: syntax 1\n$/);
});

test("an interrupted call is finished by the same one, and a finished one is not done again", async () => {
  const out = join(folder, "stopped");
  const words = ["data", "shard", rows, "--out", out, "--shard-bytes", "2kB"];
  const stop = new AbortController();
  stop.abort(new Interrupted());
  const outcome = await cameo(words, { signal: stop.signal });
  expect(outcome).toEqual({ code: 130, stdout: "", stderr: "cameo data shard: interrupted, nothing was lost\n" });
  expect((await cameo(words)).stdout).toMatch(/^wrote .*, 300 rows in 4 shards, [\d.]+ kB\n$/);
  expect((await cameo(words)).stdout).toMatch(/^wrote .*, 300 rows \(300 of them before\) in 4 shards, [\d.]+ kB\n$/);
  expect(readFileSync(join(out, "index.json"))).toEqual(readFileSync(join(folder, "mds", "index.json")));
});

mkdirSync(join(folder, "taken"));
writeFileSync(join(folder, "taken", "mine.txt"), "mine");

test.each([
  [["data", "shard", rows], 2, "cannot begin: got no --out"],
  [["data", "shard", rows, "--out", "x", "--shard-bytes", "many"], 2, 'cannot use --shard-bytes: got "many"'],
  [["data", "shard", rows, "--out", join(folder, "y"), "--compression", "lz4"], 2, 'got "lz4"'],
  [
    ["data", "shard", rows, "--out", join(folder, "y"), "--compression", "zstd", "--format", "webdataset"],
    2,
    "its archives are read by range",
  ],
  [["data", "shard", rows, "--out", join(folder, "taken")], 1, 'it has "mine.txt"'],
  [["data", "shard", join(folder, "nothing"), "--out", join(folder, "y")], 1, "no such file"],
])("%j is refused in one line", async (words, code, message) => {
  const outcome = await cameo(words);
  expect(outcome).toMatchObject({ code, stdout: "" });
  expect(outcome.stderr).toContain(message);
});

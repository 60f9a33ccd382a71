import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, test } from "vitest";
import { histogramBars, shortNumber } from "./_data-page.ts";
import { parseArguments } from "./_parse.ts";
import { dataInspect } from "./data-inspect.ts";

let path: string;
beforeAll(async () => {
  path = join(await mkdtemp(join(tmpdir(), "data-inspect-")), "pets.jsonl");
  const rows = Array.from({ length: 100 }, (_, i) => ({
    name: `pet ${i}`,
    kind: i % 4 ? "cat" : "dog",
    weight: i / 10,
    tags: i % 2 ? ["a"] : null,
  }));
  await writeFile(path, `${rows.map((row) => JSON.stringify(row)).join("\n")}\n{"name":\n`);
});

async function run(...words: string[]): Promise<string> {
  let text = "";
  const output = { write: (piece: string) => (text += piece) };
  const io = {
    stdin: (async function* () {})(),
    stdout: output,
    stderr: output,
    signal: new AbortController().signal,
    env: {},
  };
  assert.equal(await dataInspect.run(parseArguments(dataInspect, words), io), 0);
  return text;
}

test("data inspect prints columns, histograms and examples", async () => {
  const lines = (await run(path, "--examples", "1")).split("\n");
  assert.match(lines[0] ?? "", /pets\.jsonl {2}jsonl$/);
  const page = lines
    .slice(1)
    .join("\n")
    .replace(/\d+\.\d+ kB/, "N kB")
    .replaceAll(path, "FILE");
  assert.equal(
    page,
    `  rows     100
  size     N kB in 1 file
  columns  4
  faults   syntax 1
           syntax: FILE, row 100: Unexpected end of JSON input

  name    string                100 distinct
          length 5 ▁█ 6  median 6  mean 5.9 ± 0.3015
  kind    string                2 distinct
          length always 3
          "cat" 75.0 %  "dog" 25.0 %
  weight  float64               100 distinct
          0 ████████████████████ 9.9  median 4.9  mean 4.95 ± 2.901
  tags    json     50.0 % null  1 distinct
          elements always 1

  row 0
  name    "pet 0"
  kind    "dog"
  weight  0
  tags    null
`,
  );
});

test("data inspect speaks JSON, chooses columns and rows", async () => {
  const text = await run(path, "--json", "--columns", "kind,weight", "--where", "weight > 5", "--examples", "2");
  assert.equal(text.split("\n").length, 2);
  const found = JSON.parse(text) as {
    kind: string;
    numRows: number;
    columns: { name: string }[];
    examples: { row: number }[];
    faults: { counts: object };
  };
  assert.equal(found.numRows, 49);
  assert.deepEqual(
    found.columns.map(({ name }) => name),
    ["kind", "weight"],
  );
  assert.deepEqual(
    found.examples.map(({ row }) => row),
    [51, 52],
  );
  assert.deepEqual(found.faults.counts, { syntax: 1 });
  assert.equal((JSON.parse(await run(path, "--json", "--rows", "7")) as { numRows: number }).numRows, 7);
});

test("data inspect refuses what it cannot do in one line", async () => {
  await assert.rejects(run(path, "--columns", "none"), {
    code: "usage",
    message: /must be some of name, kind, weight, tags/,
  });
  for (const examples of ["-1", "1.5", "1e9"])
    await assert.rejects(run(path, "--examples", examples), { code: "usage", message: /an integer in \[0, 1000\]/ });
  await assert.rejects(run(path, "--where", "nonsense ="), { code: "data" });
  await assert.rejects(run(`${path}.none`), { code: "data" });
});

test("histogramBars and shortNumber", () => {
  assert.equal(histogramBars([0, 1, 50, 100]), " ▁▄█");
  assert.deepEqual([0, 1234, 0.123456, 1e9, 1e-9, -5.5].map(shortNumber), [
    "0",
    "1,234",
    "0.1235",
    "1.00e+9",
    "1.00e-9",
    "-5.5",
  ]);
});

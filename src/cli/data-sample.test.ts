import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { cameo, jsonLines, type Outcome, temporaryFolder } from "../../test/support/cli.ts";
import { NumpyGenerator } from "../data/sample/numpy/generator.ts";

const folder = temporaryFolder();
const people = join(folder, "people.jsonl");
const other = join(folder, "other.jsonl");
const size = 2000;

const rowOf = (id: number): object => ({
  id,
  country: id % 40 === 3 ? "rare" : id % 2 === 0 ? "a" : "b",
  age: id % 90,
  weight: 1 + (id % 4),
});

beforeAll(() => {
  const lines = (from: number, count: number): string =>
    Array.from({ length: count }, (_, i) => `${JSON.stringify(rowOf(from + i))}\n`).join("");
  writeFileSync(people, lines(0, size));
  writeFileSync(other, lines(10_000, 500));
});

const sample = (...words: string[]): Promise<Outcome> => cameo(["data", "sample", ...words]);

interface Row {
  readonly id: number;
  readonly country: string;
  readonly _inclusionProbability?: number;
}
const rowsOf = (path: string): Row[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);

test.each([
  ["random", ["--n", "50"], 50],
  ["random", ["--fraction", "0.1"], 200],
  ["random", ["--n", "50", "--replace"], 50],
  ["systematic", ["--n", "50"], 50],
  ["systematic", ["--n", "50", "--sort", "age"], 50],
  ["stratified", ["--n", "60", "--by", "country", "--allocation", "equal"], 60],
  ["stratified", ["--n", "60", "--by", "country", "--allocation", "neyman", "--value", "age", "--minimum", "2"], 60],
  ["cluster", ["--n", "500", "--by", "weight"], 500],
  ["cluster", ["--n", "40", "--by", "age", "--clusters", "20"], 40],
  ["reservoir", ["--n", "50"], 50],
  ["weighted", ["--n", "50", "--weight", "weight"], 50],
  ["hash", ["--fraction", "0.25", "--by", "age"], undefined],
  ["numpy", ["--n", "50"], 50],
  ["numpy-legacy", ["--n", "50"], 50],
] as const)(
  "%s %j: as many rows as were asked for, in the order of the file, the same each time",
  async (method, words, n) => {
    const out = join(folder, "drawn.jsonl");
    const { code, stdout, stderr } = await sample(
      people,
      "--method",
      method,
      ...words,
      "--out",
      out,
      "--probabilities",
    );
    expect([code, stderr]).toEqual([0, ""]);
    const rows = rowsOf(out);
    expect(stdout).toMatch(new RegExp(`^wrote .*drawn.jsonl, ${rows.length} of 2,000 rows, `));
    if (n !== undefined) expect(rows.length).toBe(n);
    expect(rows.map(({ id }) => id)).toEqual(rows.map(({ id }) => id).toSorted((a, b) => a - b));
    for (const { _inclusionProbability, ...row } of rows) {
      expect(row).toEqual(rowOf(row.id));
      expect(_inclusionProbability).toBeGreaterThan(0);
    }
    const again = join(folder, "again.jsonl");
    await sample(people, "--method", method, ...words, "--out", again, "--probabilities");
    expect(readFileSync(again, "utf8")).toBe(readFileSync(out, "utf8"));
  },
);

test("numpy draws the rows that NumPy draws", async () => {
  const out = join(folder, "numpy.jsonl");
  await sample(people, "--method", "numpy", "--n", "20", "--seed", "42", "--out", out);
  const wanted = new NumpyGenerator(42).choice(size, { size: 20, replace: false }).sort();
  expect(rowsOf(out).map(({ id }) => id)).toEqual([...wanted]);
  expect(Object.keys(rowsOf(out)[0] as Row)).not.toContain("_inclusionProbability");
});

test("splits into files that have no group in common, and together everything", async () => {
  const out = join(folder, "parts.jsonl");
  const { code, stdout } = await sample(
    people,
    "--split",
    "train=0.8,validation=0.1,test=0.1",
    "--by",
    "age",
    "--out",
    out,
    "--json",
  );
  expect(code).toBe(0);
  const [facts] = jsonLines(stdout) as [{ files: { path: string; numRows: number }[] }];
  expect(facts).toMatchObject({ type: "sample", size, lost: 0, faults: {} });
  const parts = ["train", "validation", "test"].map((part) => rowsOf(join(folder, `parts-${part}.jsonl`)));
  expect(facts.files.map(({ numRows }) => numRows)).toEqual(parts.map(({ length }) => length));
  expect(parts.flat().length).toBe(size);
  const ages = parts.map((rows) => new Set(rows.map(({ id }) => id % 90)));
  expect(ages.reduce((sum, { size }) => sum + size, 0)).toBe(90);
});

test("mixes files in proportion", async () => {
  const out = join(folder, "mixed.jsonl");
  const { code } = await sample(people, other, "--mix", "people=0.75,other=0.25", "--n", "1000", "--out", out);
  expect(code).toBe(0);
  const rows = rowsOf(out);
  expect([rows.filter(({ id }) => id < 10_000).length, rows.length]).toEqual([750, 1000]);
});

test("reports how the sample compares, for people and for machines", async () => {
  const out = join(folder, "reported.jsonl");
  const report = join(folder, "report.json");
  const words = [
    "--method",
    "stratified",
    "--by",
    "country",
    "--allocation",
    "equal",
    "--n",
    "300",
    "--out",
    out,
    "--report",
    report,
  ];
  const { code, stdout } = await sample(people, ...words);
  expect(code).toBe(0);
  expect(stdout).toMatch(/How it compares: worth \d+ rows drawn at random\n {2}id +alike +mean /);
  expect(stdout).toMatch(/\n {2}country +alike +3 classes +PSI 0\.000 +p 1\.000\n/);
  const [first] = JSON.parse(readFileSync(report, "utf8")) as [{ columns: object[]; populationRows: number }];
  expect(first).toMatchObject({ populationRows: size, sampleRows: 300, periodic: [] });
  expect(first.columns.map((column) => (column as { name: string }).name)).toEqual(["id", "country", "age", "weight"]);
  // Every 40th row is always or never rare.
  const systematic = await sample(people, "--method", "systematic", "--n", "500", "--out", out, "--report", report);
  expect(systematic.stdout).toMatch(/weight: repeats with the interval of 4 rows; use --method random, or --sort/);
});

test.each([
  [[], /--out is absent/],
  [["--out", "x.jsonl"], /got neither --n nor --fraction, needs one of them, or --split/],
  [["--out", "x.jsonl", "--n", "5", "--fraction", "0.5"], /got both/],
  [["--out", "x.jsonl", "--n", "5", "--method", "stratified"], /--by is absent/],
  [["--out", "x.jsonl", "--n", "5", "--sort", "age"], /the method is random, it takes --n, --fraction, --replace/],
  [["--out", "x.jsonl", "--n", "5", "--method", "nope"], /must be/],
  [["--out", "x.jsonl", "--n", "5", "--seed", "-1"], /use --seed: got -1/],
  [["--out", "x.jsonl", "--split", "a=1,a=2"], /names must differ/],
  [["--out", "x.jsonl", "--split", "a"], /each part is NAME=SHARE/],
  [["--out", "x.jsonl", "--n", "5", "--mix", "nope=1"], /the sources are people/],
  [["--out", "x.jsonl", "--n", "5", "--mix", "people=1", "--report", "r.json"], /sample or compare the file/],
])("wrong use %j is one line and exit code 2", async (words, message) => {
  const { code, stdout, stderr } = await sample(people, ...words);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(message);
});

test("data that does not fit is one line, and nothing is written over", async () => {
  const out = join(folder, "none.jsonl");
  const fails = async (words: string[], message: RegExp, wanted = 1): Promise<void> => {
    const { code, stderr } = await sample(people, "--out", out, ...words);
    expect([code, stderr]).toEqual([wanted, expect.stringMatching(message)]);
  };
  await fails(["--n", "2001"], /use --n: got 2001, must be an integer in \[0, 2000\]/, 2);
  await fails(["--n", "5", "--out", people], /it is a source/, 2);
  await fails(["--n", "5", "--method", "weighted", "--weight", "country"], /that of row 0 is NaN/, 2);
  await fails(["--n", "5", "--method", "stratified", "--by", "planet"], /people.jsonl" has id, country, age, weight/);
  await fails(["--split", "a=0.5", "--by", "planet"], /use column "planet"/);
});

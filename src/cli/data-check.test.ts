import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cameo, jsonLines, type Outcome, temporaryFolder } from "../../test/support/cli.ts";

const folder = temporaryFolder();
const file = join(folder, "texts.jsonl");
const texts = [
  "the cat sat on the mat today",
  "the cat sat on the mat today",
  "The CAT sat on the mat, today",
  "a dog barked all night long here",
];
writeFileSync(file, `${texts.map((text) => JSON.stringify({ text })).join("\n")}\n{"text": "cut\n`);

const check = (...words: string[]): Promise<Outcome> => cameo(["data", "check", ...words, "--workers", "1"]);

test("people get a summary, a certificate, and the rows that stay", async () => {
  const out = join(folder, "clean.jsonl");
  const certificate = join(folder, "certificate");
  const { code, stdout, stderr } = await check(file, "--certificate", certificate, "--out", out);
  expect([code, stderr.split("\n")[0]]).toEqual([0, "hashing files"]);
  expect(stdout).toContain("2 of 5 rows stay; 2 removed, 1 set aside");
  expect(stdout).toMatch(/ 1 {2}near-duplicate +nearly the same /);
  expect(readdirSync(certificate).sort()).toEqual(["certificate.html", "certificate.json", "removed.jsonl"]);
  expect(
    readFileSync(out, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line).text),
  ).toEqual([texts[0], texts[3]]);
  expect(readFileSync(join(certificate, "removed.jsonl"), "utf8")).toBe(
    '{"row":1,"reason":"exact-duplicate","keptRow":0}\n{"row":2,"reason":"near-duplicate","keptRow":0}\n',
  );
});

test("--json prints progress and the certificate, and a requirement that is missed is exit code 1", async () => {
  const { code, stdout, stderr } = await check(file, "--json", "--require", "max-removed=0.1");
  expect([code, stderr]).toEqual([1, ""]);
  const lines = jsonLines(stdout);
  expect(lines.at(-1)).toMatchObject({ type: "certificate", passed: false, input: { rows: 5 }, rowsQuarantined: 1 });
  expect(lines.slice(0, -1).every(({ type }) => type === "progress")).toBe(true);
});

test("a reference, rules, splits and a test set", async () => {
  const table = join(folder, "table.csv");
  writeFileSync(table, `id,label\n${Array.from({ length: 50 }, (_, i) => `${i},${i % 5}`).join("\n")}\n50,9\n`);
  const rules = join(folder, "rules.json");
  writeFileSync(rules, JSON.stringify({ label: { classes: 5 } }));
  const first = await check(
    table,
    "--preset",
    "table",
    "--rules",
    rules,
    "--certificate",
    join(folder, "first"),
    "--split",
    "train=0.8",
    "--split",
    "val=0.2",
  );
  expect(first.stdout).toContain("50 of 51 rows stay; 0 removed, 1 set aside");
  const reference = join(folder, "first", "certificate.json");
  const again = await check(table, "--preset", "table", "--reference", reference, "--require", "max-drift=0.1");
  expect([again.code, again.stdout]).toEqual([0, expect.stringContaining("met     max-drift 0, the limit is 0.1")]);
  const test = join(folder, "test.jsonl");
  const long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen";
  writeFileSync(test, `${JSON.stringify({ text: long })}\n`);
  const train = join(folder, "train.jsonl");
  writeFileSync(
    train,
    `${JSON.stringify({ text: `he said ${long} and left` })}\n${JSON.stringify({ text: "nothing of it" })}\n`,
  );
  expect((await check(train, "--against", test)).stdout).toMatch(/ 1 {2}test-overlap {2}shares /);
});

test("wrong use is said in one line", async () => {
  const problems = await Promise.all([
    check(join(folder, "missing.jsonl")),
    check(file, "--text", "body"),
    check(file, "--require", "most=1"),
    check(file, "--resume"),
    check(file, "--rules", file),
    check(file, "--reference", join(folder, "certificate", "missing.json")),
    check(file, "--preset", "images"),
  ]);
  expect(problems.map(({ code }) => code)).toEqual([1, 2, 2, 2, 1, 1, 2]);
  for (const { stderr } of problems) expect(stderr.split("\n")[0]).toMatch(/^cameo data check: cannot /);
  expect(existsSync(join(folder, "work"))).toBe(false);
});

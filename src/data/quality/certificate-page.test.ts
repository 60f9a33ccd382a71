import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { escapeHtml } from "../../base/html.ts";
import { openSource } from "../source/open.ts";
import { memorySource } from "./_memory-source.cases.ts";
import { bytesText, numberText, percentText } from "./_page-text.ts";
import { certificatePage } from "./certificate-page.ts";
import { checkData } from "./check-data.ts";
import { parseRequirement } from "./requirements.ts";

const folder = mkdtempSync(join(tmpdir(), "cameo-certificate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const evil = `<script>alert("x")</script><img src=x onerror=alert(1)> & 'quoted' \u202e turned \u0007`;

test("nothing of the data becomes markup, and nothing comes from elsewhere", async () => {
  const rows = [evil, evil, `${evil}!`, "{ a b c }"].map((text) => ({ text }));
  const source = memorySource([{ name: "text", type: "string", nullable: false }], rows, evil);
  const certificate = await checkData(source, {
    workers: 1,
    filters: { c4Quality: {} },
    requirements: { "max-removed": 0 },
  });
  const page = certificatePage(certificate);
  expect(page).not.toMatch(/<script|<img|<link|<iframe|https?:|url\(|@import/i);
  expect(page).not.toContain("\u202e");
  expect(page).toContain("&lt;script&gt;");
  expect(page).toContain("Misses its requirement");
  expect(page).toContain("prefers-color-scheme: dark");
  expect(page).toContain('name="viewport"');
  for (const tag of ["main", "section", "table", "details", "dl", "div", "ul", "svg"])
    expect(page.split(`<${tag}`).length, tag).toBe(page.split(`</${tag}>`).length);
});

test("pictures are shown where there are some, and only pictures", async () => {
  const rows = ["a b c d e f", "a b c d e f", "g h i j k l"].map((text) => ({ text }));
  const source = memorySource([{ name: "text", type: "string", nullable: false }], rows);
  const certificate = await checkData(source, { workers: 1 });
  const uri = "data:image/webp;base64,AAAA";
  const page = certificatePage(
    certificate,
    new Map([
      [1, uri],
      [0, '"><script>alert(1)</script>'],
    ]),
  );
  expect(page.match(/<img [^>]*>/g)).toEqual([`<img src="${uri}" alt="">`]);
  expect(page).not.toContain("<script");
});

test("near-duplicates show the words in which they differ", async () => {
  const long = Array.from({ length: 60 }, (_, i) => `word${i * i}`).join(" ");
  const rows = [`${long} end`, `first ${long} end`].map((text) => ({ text }));
  const source = memorySource([{ name: "text", type: "string", nullable: false }], rows);
  const page = certificatePage(await checkData(source, { workers: 1 }));
  expect(page.match(/<mark>.*?<\/mark>/g)?.[0]).toBe("<mark>first</mark>");
});

test("columns: a histogram for numbers, bars for classes, dates for times, a sentence for constants", async () => {
  const schema = [
    { name: "size", type: "float64", nullable: false },
    { name: "kind", type: "string", nullable: false },
    { name: "when", type: "timestamp", nullable: false },
    { name: "same", type: "int32", nullable: false },
  ] as const;
  const day = 86_400_000;
  const rows = Array.from({ length: 40 }, (_, i) => ({
    size: i,
    kind: i % 4 === 0 ? "a" : "b",
    when: i * day,
    same: 7,
  }));
  const page = certificatePage(await checkData(memorySource(schema, rows), { workers: 1 }));
  expect(page).toContain("histogram from 0 to 39, mean 19.5");
  expect(page).toMatch(/<bdi>b<\/bdi>.*\n.*75\.0 %/);
  expect(page).toContain("<span>1970-01-01</span>");
  expect(page).toContain("always <bdi>7</bdi>");
});

test("files are hashed, and sums that came with them are held against them", async () => {
  const file = join(folder, "a.jsonl");
  const lines = `${JSON.stringify({ text: "one two three" })}\n${JSON.stringify({ text: "four five six" })}\n`;
  writeFileSync(file, lines);
  const sum = createHash("sha256").update(lines).digest("hex");
  const check = async () => {
    await using source = await openSource(file);
    return checkData(source, {
      workers: 1,
      out: join(folder, "out.jsonl"),
      splits: { train: 0.5, test: 0.5 },
      removed: join(folder, "removed.jsonl"),
    });
  };
  writeFileSync(`${file}.sha256`, `${sum}  a.jsonl\n`);
  const good = await check();
  expect(good.input.files).toEqual([{ location: file, sizeBytes: lines.length, sha256: sum }]);
  expect(good.faults).toEqual([]);
  const out = readFileSync(join(folder, "out.jsonl"));
  expect(good.output.file?.sha256).toBe(createHash("sha256").update(out).digest("hex"));
  expect(
    out
      .toString()
      .split("\n")
      .filter(Boolean)
      .map((line) => Object.keys(JSON.parse(line) as object)),
  ).toEqual([
    ["text", "split"],
    ["text", "split"],
  ]);
  expect(Object.values(good.output.splits ?? {}).reduce((a, b) => a + b)).toBe(2);
  expect(readFileSync(join(folder, "removed.jsonl"), "utf8")).toBe("");
  writeFileSync(`${file}.sha256`, `${"0".repeat(64)}\n`);
  const bad = await check();
  expect(bad.faults.map(({ code, source }) => [code, source])).toEqual([["checksum", file]]);
  expect(bad.input.rows).toBe(2);
});

test("numbers as people read them", () => {
  expect([percentText(1, 3), percentText(1, 4000), percentText(0, 5), percentText(5, 5), percentText(1, 1e9)]).toEqual([
    "33.3 %",
    "0.025 %",
    "0 %",
    "100 %",
    "< 0.001 %",
  ]);
  expect([bytesText(0), bytesText(999), bytesText(1e6), bytesText(1.25e9)]).toEqual([
    "0 bytes",
    "999 bytes",
    "1.00 MB",
    "1.25 GB",
  ]);
  expect([numberText(0.123456), numberText(1234.5), numberText(-0.00001), numberText(Number.NaN)]).toEqual([
    "0.1235",
    "1,235",
    "-1.000e-5",
    "NaN",
  ]);
  expect(escapeHtml("a\tb\n\u0000")).toBe("a\tb\n\ufffd");
});

test("requirements are read from text", () => {
  expect(parseRequirement("max-removed=0.2")).toEqual(["max-removed", 0.2]);
  for (const text of ["max-removed", "max-removed=", "max-removed=x", "most=1"])
    expect(() => parseRequirement(text)).toThrow(`got "${text}"`);
});

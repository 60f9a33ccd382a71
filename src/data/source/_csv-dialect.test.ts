import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";
import { test } from "vitest";
import { RandomStream } from "../../base/random.ts";
import { isNumber, sniffDelimiter, splitRow } from "./_csv-dialect.ts";

test("splitRow reads what csv-parse reads, and refuses what it refuses", () => {
  const random = new RandomStream(2, "rows");
  const signs = ["a", '"', ",", '"', " ", '""', "\n"];
  let sound = 0;
  for (let round = 0, at = 0; round < 5000; round++) {
    const text = Array.from(
      { length: random.integer(at++, 9) + 1 },
      () => signs[random.integer(at++, signs.length)],
    ).join("");
    const own = splitRow(text, ",");
    let theirs: string[][] | undefined;
    try {
      theirs = parse(text, { relax_column_count: true }) as unknown as string[][];
    } catch {
      // A fault.
    }
    // Ours gets one record at a time, whose line ends are all in quotes.
    if (theirs !== undefined && theirs.length !== 1) continue;
    if (theirs !== undefined && text.endsWith("\n") && !text.endsWith('"')) continue;
    assert.deepEqual(typeof own === "string" ? undefined : own, theirs?.[0], JSON.stringify(text));
    if (theirs !== undefined) sound++;
  }
  assert.ok(sound > 500, `${sound} sound rows`);
});

test("sniffDelimiter takes the sign that divides lines evenly", () => {
  assert.equal(sniffDelimiter("a,b;c\n1;2\n3,4,5;6\n7;8\n"), ";");
  assert.equal(sniffDelimiter('a;b\n"x,y,z";1\n"u,v";2\n'), ";");
  assert.equal(sniffDelimiter("a\tb\n1\t2\n"), "\t");
  assert.equal(sniffDelimiter("one\ntwo\n"), ",");
  assert.equal(sniffDelimiter(""), ",");
});

test("isNumber knows how numbers are written", () => {
  for (const text of ["1", "-1.5", "+.5", "1.", "1e-7", " 2 ", "nan", "-inf", "0", "0.5"])
    assert.ok(isNumber(text), text);
  for (const text of ["", "01", "1,5", "0x1f", "1e", "-", ".", "12a", "infinite"]) assert.ok(!isNumber(text), text);
});

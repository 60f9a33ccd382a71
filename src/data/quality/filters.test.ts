import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { c4Quality } from "./c4.ts";
import { splitWords, TextDocument } from "./document.ts";
import { makeFilters, textPresets } from "./filter-settings.ts";
import { finewebQuality } from "./fineweb.ts";
import { gopherQuality } from "./gopher-quality.ts";
import { gopherRepetition } from "./gopher-repetition.ts";
import type { RemovalReason } from "./reasons.ts";

interface Row {
  readonly text: string;
  readonly repeat?: readonly [string, number];
  readonly reasons: Readonly<Record<string, string | null>>;
}
const folder = new URL("../../../fixtures/quality/", import.meta.url);
const rows = JSON.parse(readFileSync(new URL("documents.json", folder), "utf8")) as Row[];
const textOf = ({ text, repeat }: Row): string =>
  repeat === undefined ? text : Array(repeat[1]).fill(repeat[0].trim()).join(" ").trim();

/** datatrove's names. */
const reasons: Readonly<Record<string, RemovalReason>> = {
  gopher_short_doc: "gopher-few-words",
  gopher_long_doc: "gopher-many-words",
  gopher_below_avg_threshold: "gopher-short-words",
  gopher_above_avg_threshold: "gopher-long-words",
  gopher_too_many_hashes: "gopher-hashes",
  gopher_too_many_ellipsis: "gopher-ellipses",
  gopher_too_many_bullets: "gopher-bullet-lines",
  gopher_too_many_end_ellipsis: "gopher-ellipsis-lines",
  gopher_below_alpha_threshold: "gopher-alphabetic",
  gopher_enough_stop_words: "gopher-stop-words",
  empty: "empty-text",
  dup_para_frac: "repeated-paragraphs",
  dup_para_char_frac: "repeated-paragraph-characters",
  dup_line_frac: "repeated-lines",
  dup_line_char_frac: "repeated-line-characters",
  top_2_gram: "top-2-gram",
  top_3_gram: "top-3-gram",
  top_4_gram: "top-4-gram",
  ...Object.fromEntries(
    [5, 6, 7, 8, 9, 10].map((n) => [`duplicated_${n}_n_grams`, `repeated-${n}-grams` as RemovalReason]),
  ),
  lorem_ipsum: "c4-lorem-ipsum",
  curly_bracket: "c4-curly-bracket",
  too_few_sentences: "c4-few-sentences",
  line_punct_ratio: "fineweb-line-punctuation",
  short_line_ratio: "fineweb-short-lines",
  char_dup_ratio: "fineweb-repeated-characters",
  list_ratio: "fineweb-list",
};

test.each([
  ["gopher-quality", gopherQuality()],
  ["gopher-repetition", gopherRepetition()],
  ["c4-quality", c4Quality()],
  ["c4-quality-fineweb", c4Quality({ terminalPunctuation: false })],
  ["fineweb-quality", finewebQuality()],
] as const)("%s gives datatrove's reason for every document", (name, filter) => {
  const seen = new Set<string | null>();
  for (const row of rows) {
    const theirs = row.reasons[name] ?? null;
    if (row.text.trim() === "" && row.repeat === undefined) continue; // datatrove fails or passes them; see below
    const ours = filter.judge(new TextDocument(textOf(row)));
    expect(ours, `${textOf(row).slice(0, 80)}`).toBe(theirs === null ? null : reasons[theirs]);
    seen.add(ours);
  }
  expect(seen.size).toBeGreaterThan(2);
});

test("a text without words is removed by every preset, and never divides by zero", () => {
  for (const preset of ["fineweb", "gopher", "c4"] as const)
    for (const text of ["", " ", "\n\n\t", "\u2028"])
      expect(makeFilters(textPresets[preset]).map((filter) => filter.judge(new TextDocument(text)))).toContainEqual(
        expect.any(String),
      );
});

test("words of scripts without spaces are found", () => {
  expect(splitWords("今日は天気がいい。")).toEqual(["今日", "は", "天気", "が", "いい", "。"]);
  expect(splitWords("it’s 北京 here")).toContain("北京");
  expect(splitWords("สวัสดีครับ").length).toBeGreaterThan(1);
});

test("a filter keeps no state", () => {
  const filters = makeFilters(textPresets.fineweb);
  const once = rows.map((row) => filters.map((filter) => filter.judge(new TextDocument(textOf(row)))));
  const again = rows.toReversed().map((row) => filters.map((filter) => filter.judge(new TextDocument(textOf(row)))));
  expect(again.toReversed()).toEqual(once);
});

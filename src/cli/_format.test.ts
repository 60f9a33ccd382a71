import { expect, test } from "vitest";
import { compact, counted, formatBytes, formatDuration, formatLoss, shellWord, shortPath } from "./_format.ts";

test.each([
  [0, "0"],
  [950, "950"],
  [999.4, "999"],
  [999.6, "1.00k"],
  [38_420, "38.4k"],
  [99_950, "100k"],
  [2_188_992, "2.19M"],
  [124e6, "124M"],
  [999_600, "1.00M"],
])("compact(%d) is %s", (value, text) => expect(compact(value)).toBe(text));

test.each([
  [1, "1 byte"],
  [999, "999 bytes"],
  [8_768_566, "8.77 MB"],
  [1000, "1.00 kB"],
  [4e9, "4.00 GB"],
])("formatBytes(%d) is %s", (value, text) => expect(formatBytes(value)).toBe(text));

test.each([
  [0.4, "0:00"],
  [59.6, "1:00"],
  [754, "12:34"],
  [3723, "1:02:03"],
  [-1, "0:00"],
])("formatDuration(%d) is %s", (value, text) => expect(formatDuration(value)).toBe(text));

test("losses, counts, paths and shell words", () => {
  expect([formatLoss(1.23456), formatLoss(Number.NaN)]).toEqual(["1.2346", "NaN"]);
  expect([counted(1, "file"), counted(1200, "file")]).toEqual(["1 file", "1,200 files"]);
  expect([shortPath(`${process.cwd()}/runs/a`), shortPath("/elsewhere/a")]).toEqual(["runs/a", "/elsewhere/a"]);
  expect([shellWord("runs/gpt-1"), shellWord("my run's")]).toEqual(["runs/gpt-1", "'my run'\\''s'"]);
});

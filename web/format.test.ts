import { expect, test } from "vitest";
import { byteSize, compact, counted, lossText, timeLeft } from "./format.ts";

test("numbers", () => {
  expect([950, 38_412, 2_190_000].map(compact)).toEqual(["950", "38.4K", "2.19M"]);
  expect([counted(1, "step"), counted(1234, "step")]).toEqual(["1 step", "1,234 steps"]);
});

test("sizes are decimal and never 1000 of a unit", () => {
  expect([1, 999, 1000, 8_770_000, 999_960, 26_800_000, 3.2e9].map(byteSize)).toEqual([
    "1 byte",
    "999 bytes",
    "1.0 kB",
    "8.8 MB",
    "1.0 MB",
    "27 MB",
    "3.2 GB",
  ]);
});

test("time left is rough where it is long", () => {
  expect([0.4, 89, 90, 3540, 3900, Number.NaN, Number.POSITIVE_INFINITY].map(timeLeft)).toEqual([
    "0 s",
    "89 s",
    "2 min",
    "59 min",
    "1 h 05 min",
    "–",
    "–",
  ]);
});

test("losses show more digits where they are small", () => {
  expect([4.20394, 0.04321, Number.NaN].map(lossText)).toEqual(["4.204", "0.0432", "not a number"]);
});

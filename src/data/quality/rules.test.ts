import { expect, test } from "vitest";
import { tensor } from "../../tensor/tensor.ts";
import type { Cell } from "../table.ts";
import { brokenRules, type ColumnRule, parseRules } from "./rules.ts";

const codeOf = (cell: Cell, rule: ColumnRule): string | null =>
  brokenRules({ numRows: 1, columns: { c: [cell] } }, { c: rule })[0] ?? null;

test.each<[string, Cell, ColumnRule, string | null]>([
  ["a null where none may be", null, { nullable: false }, "schema"],
  ["a null that may be", null, { finite: true, min: 0, shape: [2] }, null],
  ["NaN", Number.NaN, { finite: true }, "not-finite"],
  ["NaN that may be", Number.NaN, { min: 0 }, null],
  ["NaN in a tensor", tensor("float32", [2], [0, Number.NaN]), { finite: true }, "not-finite"],
  ["a number too large", 11, { max: 10 }, "range"],
  ["the largest number", 10, { max: 10 }, null],
  ["a bigint too small", -1n, { min: 0 }, "range"],
  ["a text too long", "four", { max: 3 }, "range"],
  ["a label that exists", 9, { classes: 10 }, null],
  ["a label between two", 1.5, { classes: 10 }, "range"],
  ["several labels", [0, 3], { classes: 3 }, "range"],
  ["a value of the list", "a", { values: ["a", "b"] }, null],
  ["a value not of the list", "c", { values: ["a", "b"] }, "range"],
  ["a tensor of the shape", tensor("int32", [2, 3], [1, 2, 3, 4, 5, 6]), { shape: [-1, 3] }, null],
  ["a tensor of another", tensor("int32", [2, 3], [1, 2, 3, 4, 5, 6]), { shape: [3, 3] }, "shape"],
  ["ragged lists", [[1], [1, 2]], { shape: [2, -1] }, "shape"],
  ["a box", [0, 0, 2, 2], { boxes: "xyxy" }, null],
  ["a box without area", [[1, 1, 1, 5]], { boxes: "xyxy" }, "range"],
  ["a box without area by size", [[1, 1, 3, 0]], { boxes: "xywh" }, "range"],
  ["a box with NaN", [[1, 1, Number.NaN, 5]], { boxes: "xyxy" }, "not-finite"],
  ["a box of three numbers", [[1, 1, 5]], { boxes: "xyxy" }, "shape"],
  ["half a surrogate pair", "\udc00", {}, "utf8"],
])("%s", (_, cell, rule, code) => {
  expect(codeOf(cell, rule)).toBe(code);
});

test("boxes must lie in their image, and a missing column breaks every row", () => {
  const table = { numRows: 2, columns: { boxes: [[[0, 0, 5, 5]], [[0, 0, 5, 5]]], w: [5, 4], h: [5, 5] } };
  expect(brokenRules(table, { boxes: { boxes: "xyxy", boxSize: ["w", "h"] } })).toEqual([null, "range"]);
  expect(brokenRules(table, { label: { classes: 2 } })).toEqual(["schema", "schema"]);
});

test("names that objects have by birth are columns like others", () => {
  const columns = Object.fromEntries([
    ["constructor", [1, 20]],
    ["__proto__", ["a", "b"]],
  ]) as Record<string, Cell[]>;
  expect(brokenRules({ numRows: 2, columns }, { constructor: { max: 10 } })).toEqual([null, "range"]);
});

test("rules of a file are checked", () => {
  for (const [json, message] of [
    [[1], "cannot use rules: Invalid input: expected record"],
    [{ a: { min: "x" } }, "a: min: Invalid input: expected number"],
    [{ a: { boxes: "yxyx" } }, "a: boxes: "],
  ] as const)
    expect(() => parseRules(json)).toThrow(message);
});

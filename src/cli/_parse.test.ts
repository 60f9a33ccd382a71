import { expect, test } from "vitest";
import { nearest } from "../base/nearest.ts";
import { parseArguments } from "./_parse.ts";
import type { Command } from "./command.ts";

const command: Command = {
  name: "paint",
  summary: "paint a wall",
  usage: "<wall> [flags]",
  positionals: [1, 2],
  flags: [
    { name: "colour", type: "string", description: "its colour", choices: ["red", "green", "blue"], default: "red" },
    { name: "coats", type: "number", description: "how many", default: 2 },
    { name: "wet", type: "boolean", description: "do not wait", default: true },
    { name: "tool", type: "strings", description: "with what" },
    { name: "out", type: "string", description: "where to" },
  ],
  examples: [],
  run: async () => 0,
};

const parse = (...words: string[]) => parseArguments(command, words);

test("flags take values after a space or an equals sign, anywhere among the arguments", () => {
  const args = parse("--coats", "3", "north", "--colour=blue", "--tool", "brush", "--tool=roller", "south");
  expect(args.positionals).toEqual(["north", "south"]);
  expect([args.number("coats"), args.text("colour")]).toEqual([3, "blue"]);
  expect(args.given.get("tool")).toEqual(["brush", "roller"]);
});

test("absent flags have their defaults, and are not given", () => {
  const args = parse("north");
  expect([args.number("coats"), args.text("colour"), args.isOn("wet"), args.text("out")]).toEqual([
    2,
    "red",
    true,
    undefined,
  ]);
  expect([...args.given]).toEqual([]);
});

test("booleans have a no- form, values may begin with a dash, and -- ends the flags", () => {
  expect(parse("north", "--no-wet").isOn("wet")).toBe(false);
  expect(parse("north", "--coats", "-5").number("coats")).toBe(-5);
  expect(parse("--out", "-", "--", "--odd-wall").positionals).toEqual(["--odd-wall"]);
  expect(parse("north", "--out=").text("out")).toBe("");
});

test.each(["7", "1_000", "-0.5", "5e-4", ".5", "+3"])("the number %s is read", (text) => {
  expect(parse("north", "--coats", text).number("coats")).toBe(Number(text.replace("_", "")));
});

test.each([
  [["north", "--colr", "red"], "cameo paint: cannot use --colr: there is no such flag, the nearest is --colour"],
  [["north", "--zzzzzzz"], 'cameo paint: cannot use --zzzzzzz: there is no such flag, "cameo paint --help" lists them'],
  [["north", "-coats", "2"], "cameo paint: cannot use -coats: there is no such flag, the nearest is --coats"],
  [["north", "--no-colour"], /cannot use --no-colour: there is no such flag/],
  [
    ["north", "--colour", "gren"],
    'cannot use --colour: got "gren", must be one of red, green, blue; the nearest is "green"',
  ],
  [["north", "--coats", "two"], 'cannot use --coats: got "two", must be a number'],
  [["north", "--coats", "Infinity"], 'cannot use --coats: got "Infinity", must be a number'],
  [["north", "--coats", ""], 'cannot use --coats: got "", must be a number'],
  [["north", "--coats"], "cannot use --coats: got nothing, it takes a value"],
  [["north", "--coats", "--wet"], "cannot use --coats: got --wet, it takes a value"],
  [["north", "--wet=yes"], 'cannot use --wet: got "yes", it takes no value'],
  [["a", "b", "c"], 'cannot take "c": got 3 arguments, the form is: cameo paint <wall> [flags]'],
  [[], "cannot begin: got no argument, the form is: cameo paint <wall> [flags]"],
])("%j is refused", (words, message) => {
  expect(() => parse(...words)).toThrow(message);
});

test("asking for help needs no arguments", () => {
  expect(parse("--help").isOn("help")).toBe(true);
  expect(parse("-h").isOn("help")).toBe(true);
});

test.each([
  ["trian", "train"],
  ["gen", "generate"],
  ["inspct", "inspect"],
  ["xyzzy", undefined],
])("nearest to %s is %s", (word, expected) => {
  expect(nearest(word, ["train", "generate", "export", "inspect"])).toBe(expected);
});

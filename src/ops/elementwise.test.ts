/** What the element-by-element families refuse; that they are right is in `test/ops`. */

import { expect, test } from "vitest";
import { createBuilder } from "./registry.ts";

const g = createBuilder();
const x = g.input("x", "float32", [2, 3]);
const n = g.input("n", "int64", [3]);
const flag = g.input("flag", "bool", []);

test("arithmetic refuses mixed dtypes and shapes that do not broadcast", () => {
  expect(() => g.op("Add", [x, n])).toThrow('Add: cannot combine inputs: got "x" float32 [2, 3] and "n" int64 [3]');
  expect(() => g.op("Mul", [x, g.input("y", "float32", [2])])).toThrow("Mul: cannot broadcast inputs");
  expect(() => g.op("Exp", [n])).toThrow('Exp: cannot take input "n": got int64 [3], dtype must be float16');
});

test("Mod refuses floats without fmod", () => {
  expect(() => g.op("Mod", [x, x])).toThrow(
    "Mod: cannot take the remainder: got float32 [2, 3] with fmod 0, floats need fmod 1",
  );
});

test("Clip refuses bounds that are not scalars", () => {
  expect(() => g.op("Clip", [x, g.input("low", "float32", [3])])).toThrow(
    'Clip: cannot use bound "low": got [3], must be a scalar',
  );
});

test("PRelu and FastGelu refuse what does not fit the input", () => {
  const wide = g.input("wide", "float32", [4, 2, 3]);
  expect(() => g.op("PRelu", [x, wide])).toThrow("PRelu: cannot apply slope [4, 2, 3]: got input [2, 3]");
  expect(() => g.op("FastGelu", [x, g.input("bias", "float32", [2])])).toThrow("FastGelu: cannot add bias [2]");
});

test("Gelu refuses an approximation that does not exist", () => {
  expect(() => g.op("Gelu", [x], { approximate: "erf" })).toThrow('got "erf", must be "none" or "tanh"');
});

test("Dropout refuses training mode and says what to use", () => {
  expect(() => g.op("Dropout", [x, null, flag])).toThrow("got training_mode known only at run time");
  expect(() => g.op("Dropout", [x, null, g.scalar(1, "bool")])).toThrow("hint: use the dropout layer of nn");
});

test("Cast refuses a number that is no dtype", () => {
  expect(() => g.op("Cast", [x], { to: 99 })).toThrow("Cast: cannot set attribute");
});

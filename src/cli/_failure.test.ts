import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { CheckpointError, CodecError, DataError, RuntimeError, ShapeError, UsageError } from "../base/errors.ts";
import { describeFailure, Interrupted } from "./_failure.ts";
import type { Command } from "./command.ts";

const command: Command = {
  name: "cook",
  summary: "",
  usage: "",
  positionals: [0, 0],
  flags: [{ name: "batch-size", type: "number", description: "" }],
  examples: [],
  run: async () => 0,
};

test.each([
  [new UsageError("preset: cannot use it: got x, must be y"), 2, "cameo cook: cannot use it: got x, must be y"],
  [
    new DataError('readText: cannot read "a": gone, must exist\nhint: find it'),
    1,
    'cameo cook: cannot read "a": gone, must exist\nhint: find it',
  ],
  [new CheckpointError("checkpoint: cannot write: full, needs room"), 1, "cameo cook: cannot write: full, needs room"],
  [
    new CodecError("onnx", "onnx.read: cannot read: got 0 bytes, must be more"),
    1,
    "cameo cook: cannot read: got 0 bytes, must be more",
  ],
  [
    new ShapeError("MatMul: cannot multiply: got [2], needs [3]"),
    1,
    "cameo cook: MatMul: cannot multiply: got [2], needs [3]",
  ],
  [new RuntimeError("the engine fell over"), 1, "cameo cook: the engine fell over"],
  [new RuntimeError("cook: cannot go on: got x, must be y"), 1, "cameo cook: cannot go on: got x, must be y"],
  [
    Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" }),
    1,
    "cameo cook: cannot go on: ENOSPC: no space left on device, write, the disk is full\nhint: make room and try again; a run goes on with --resume",
  ],
  [
    new RangeError("sgd: cannot use rate: got -1, must be positive"),
    2,
    "cameo cook: cannot use rate: got -1, must be positive",
  ],
  [
    new UsageError('recipe: cannot use "batchSize": got 0, too small'),
    2,
    "cameo cook: cannot use --batch-size: got 0, too small",
  ],
  [
    new RangeError("train: cannot use batchSize: got 0, too small"),
    2,
    "cameo cook: cannot use --batch-size: got 0, too small",
  ],
  [
    new UsageError('"r.json": cannot use "batchSize": got 0, too small'),
    2,
    'cameo cook: "r.json": cannot use "batchSize": got 0, too small',
  ],
  [
    new DataError("x: cannot go: got a\n  b\r\nc, d\nhint: e\nhint: f\ng"),
    1,
    "cameo cook: cannot go: got a b c, d\nhint: e; f g",
  ],
  [new Interrupted(), 130, "cameo cook: interrupted, nothing was lost"],
])("%s", (error, code, text) => {
  expect(describeFailure(error, command)).toEqual({ code, text });
});

test("a fault inside Cameo is told apart from a wrong argument", () => {
  const { code, text } = describeFailure(new TypeError("Cannot read properties of undefined (reading 'x')"), command);
  expect(code).toBe(1);
  expect(text).toMatch(
    /^cameo cook: cannot go on: TypeError: Cannot read .*, this is a fault of Cameo\nhint: --verbose/,
  );
  expect(describeFailure("thrown text", null).text).toContain("cameo: cannot go on: thrown text");
});

test.each([() => new ArrayBuffer(2 ** 53 - 1), () => new Float32Array(2 ** 50)])(
  "memory that cannot be had is no fault of Cameo: %s",
  (take) => {
    let error: unknown;
    try {
      take();
    } catch (cause) {
      error = cause;
    }
    expect(describeFailure(error, command)).toEqual({
      code: 1,
      text: expect.stringMatching(/, there is not enough memory\nhint: use a smaller model, batch or context$/),
    });
  },
);

test("the system's refusals keep the system's words", async () => {
  const error = await readFile("/does/not/exist").catch((cause: unknown) => cause);
  expect(describeFailure(error, command)).toEqual({
    code: 1,
    text: "cameo cook: cannot go on: ENOENT: no such file or directory, open '/does/not/exist', the system refused",
  });
});

test("of a failure and one more while cleaning up, the first is told", () => {
  const error = new SuppressedError(new Error("second"), new DataError("x: cannot go: got a, b"), "both");
  expect(describeFailure(error, command).text).toBe("cameo cook: cannot go: got a, b");
});

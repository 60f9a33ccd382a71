import { expect, test } from "vitest";
import { failureOf, warningOf } from "./failures.ts";

const failure = (message: string, fields: object = {}): Error => Object.assign(new Error(message), fields);

test.each([
  ["quota", failure("write failed", { name: "QuotaExceededError" }), /storage is full/],
  [
    "device",
    failure("webgpu: cannot run: the device is gone, x", { code: "runtime", reason: "device-lost" }),
    /graphics device/,
  ],
  ["memory", failure("cannot grow", { code: "runtime", reason: "out-of-memory" }), /not enough memory/],
  [
    "text",
    failure("trainGpt: cannot split the text: it has 9 tokens, needs 65", { code: "data" }),
    /text cannot be used/,
  ],
  ["setting", failure("recipe: cannot use heads: got 3, must divide", { code: "usage" }), /setting/],
  ["run", failure("openRun: cannot lock: x, y", { code: "checkpoint" }), /run cannot be opened/],
  ["engine", failure("Failed to fetch dynamically imported module: engine/x.mjs"), /engine did not start/],
  ["unknown", "just a string", /Something went wrong/],
])("%s has a title and says what to do", (_, error, title) => {
  const told = failureOf(error, true);
  expect(told.title).toMatch(title);
  expect(told.text).toMatch(/^[A-Z].*\.$/);
  expect(`${told.text} ${told.detail}`).toContain(String((error as Error).message ?? error).slice(-10));
});

test("an engine that does not load offline is a matter of the connection", () => {
  expect(failureOf(failure("engine/x.wasm did not arrive"), false).title).toMatch(/^You are offline/);
});

test("the hint of an error is the advice, and its call is left out", () => {
  const { text } = failureOf(
    failure("trainGpt: cannot use the text: it is empty, needs 65 tokens\nhint: paste some", { code: "data" }),
    true,
  );
  expect(text).toBe("Cannot use the text: it is empty, needs 65 tokens. Paste some.");
});

test("a warning is told in its own words, or in those for a visitor where the page can help", () => {
  expect(warningOf("3 lines were left out")).toEqual({ title: "Note:", text: "3 lines were left out." });
  const full = 'checkpoint: cannot write "a/step-9": the browser\'s storage for this page is full, there must be room';
  expect(warningOf(full)).toMatchObject({ title: "The browser’s storage is full.", detail: full });
});

test("a hint for the command line is not passed on", () => {
  const error = failure("train: cannot cut a batch: got 9 tokens, needs 65\nhint: give more text with --data", {
    code: "data",
  });
  expect(failureOf(error, true).text).not.toMatch(/--data/);
});

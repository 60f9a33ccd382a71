import { expect, test, vi } from "vitest";

test.fails("a test that prints fails", () => {
  console.log("printed by a test");
});

test.fails("a test that makes Node warn fails", async () => {
  process.emitWarning("warned by a test");
  await new Promise(setImmediate);
});

test("a test that expects output replaces the method", () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  console.log("expected");
  expect(log).toHaveBeenCalledWith("expected");
});

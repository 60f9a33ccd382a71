import { expect, test } from "vitest";
import type { Outcome } from "../src/ops/target-table.ts";
import { decisionsOf } from "./_target-decisions.ts";

const sample = (key: string, is: Outcome, features: Record<string, string>, reason?: string) => ({
  key,
  is,
  features,
  ...(reason !== undefined && { reason }),
});

test("an operator that always runs has no rows", () => {
  const found = [sample("Abs", "runs", { dtype: "float32" }), sample("Abs", "runs", { dtype: "int32" })];
  expect(decisionsOf(found)).toEqual({ hostDTypes: [], runs: ["Abs"], operators: {} });
});

test("one feature tells outcomes apart, and the most frequent outcome needs no condition", () => {
  const found = [
    sample("Slice", "runs", { dtype: "float32", ndim: "1" }),
    sample("Slice", "runs", { dtype: "float32", ndim: "2" }),
    sample("Slice", "on the CPU", { dtype: "int32", ndim: "2" }),
    sample("Add", "runs", { dtype: "int32", ndim: "2" }),
  ];
  expect(decisionsOf(found).operators.Slice).toEqual([
    { when: { dtype: ["int32"] }, is: "on the CPU" },
    { is: "runs" },
  ]);
});

test("a dtype that no operator takes is named once", () => {
  const found = [
    sample("Exp", "runs", { dtype: "float32" }),
    sample("Exp", "on the CPU", { dtype: "float64" }),
    sample("Log", "on the CPU", { dtype: "float64" }),
  ];
  expect(decisionsOf(found)).toEqual({ hostDTypes: ["float64"], runs: ["Exp"], operators: {} });
});

test("two features are used where one is not enough", () => {
  const found = [
    sample("Pool", "runs", { dtype: "float32", outputs: "1" }),
    sample("Pool", "fails", { dtype: "float32", outputs: "2" }, "no indices"),
    sample("Pool", "on the CPU", { dtype: "int8", outputs: "1" }),
    sample("Pool", "on the CPU", { dtype: "int8", outputs: "2" }),
    sample("Cast", "runs", { dtype: "int8", outputs: "1" }),
  ];
  expect(decisionsOf(found).operators.Pool).toEqual([
    { when: { dtype: ["float32"], outputs: ["1"] }, is: "runs" },
    { when: { dtype: ["float32"] }, is: "fails", reason: "no indices" },
    { is: "on the CPU" },
  ]);
});

test("where nothing tells them apart the worst outcome is written down as mixed", () => {
  const found = [sample("Pow", "runs", { dtype: "float32" }), sample("Pow", "wrong", { dtype: "float32" }, "off by 1")];
  expect(decisionsOf(found).operators.Pow).toEqual([{ is: "wrong", reason: "off by 1", mixed: true }]);
});

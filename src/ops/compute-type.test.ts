import { expect, test } from "vitest";
import { computeTypeOf, converted, narrowedBy, widenedBy } from "./compute-type.ts";
import { allOperators, createBuilder } from "./registry.ts";

test("every operator has one of the three types", () => {
  const counts = { float16: 0, inputs: 0, float32: 0 };
  for (const [key, { domain = "", op = key }] of allOperators()) counts[computeTypeOf({ op, domain })]++;
  expect(counts.float16).toBeGreaterThan(5);
  expect(counts.inputs).toBeGreaterThan(30);
  expect(counts.float16 + counts.inputs + counts.float32).toBe(allOperators().size);
});

test("what is not in the table stays as it is", () => {
  expect(computeTypeOf({ op: "Gemm", domain: "somewhere.else" })).toBe("float32");
  expect(computeTypeOf({ op: "Gemm", domain: "" })).toBe("float16");
});

test("conversions are known in both directions", () => {
  const g = createBuilder();
  const x = g.input("x", "float32", [2]);
  const half = converted(g, x, "float16");
  converted(g, half, "float32");
  converted(g, x, "int32");
  g.op("Neg", [x]);
  expect(g.nodes.map((node) => narrowedBy(node)?.name)).toEqual(["x", undefined, undefined, undefined]);
  expect(g.nodes.map((node) => widenedBy(node))).toEqual([undefined, half, undefined, undefined]);
});

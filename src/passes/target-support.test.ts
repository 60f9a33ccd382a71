import { expect, test } from "vitest";
import type { Value } from "../graph/graph.ts";
import { createBuilder } from "../ops/registry.ts";
import { optimize } from "./optimize.ts";
import { describeUnsupported, unsupportedNodes } from "./target-support.ts";

/** A graph of operators that WebGPU lacks: a sum that is lowered, random numbers that are not, and a condition around others. */
function graph() {
  const g = createBuilder();
  const x = g.input("x", "float32", [3]);
  const condition = g.input("condition", "bool", []);
  const branch = (name: string, build: (inner: typeof g, value: Value) => Value) => {
    const inner = g.child(name);
    inner.output("y", build(inner, inner.input(`${name}_x`, "float32", [3])));
    return inner.build(1);
  };
  const random = g.op("RandomNormal", [], { shape: [3], seed: 1 });
  const chosen = g.op("If", [condition, x], {
    then_branch: branch("then", (inner, value) =>
      inner.op("Add", [value, inner.op("RandomNormalLike", [value], { seed: 1 })]),
    ),
    else_branch: branch("else", (inner, value) => inner.op("Neg", [value])),
  });
  g.output("y", g.op("Sum", [x, random, chosen]));
  return g.build();
}

test("unsupportedNodes finds what WebGPU takes to the CPU, inside other nodes too", () => {
  expect(describeUnsupported(unsupportedNodes(graph(), "webgpu"))).toBe(
    "on the CPU: RandomNormal, RandomNormalLike, Sum",
  );
});

test("unsupportedNodes says nothing of what lowering replaced", () => {
  expect(describeUnsupported(unsupportedNodes(optimize(graph(), "webgpu"), "webgpu"))).toBe(
    "on the CPU: RandomNormal, RandomNormalLike",
  );
});

test("unsupportedNodes looks at features of a node", () => {
  const g = createBuilder();
  const x = g.input("x", "float32", [1, 1, 4, 4]);
  const [best, indices] = g.ops("MaxPool", [x], { kernel_shape: [2, 2] }, 2) as [Value, Value];
  g.output("best", best);
  g.output("indices", indices);
  const [found] = unsupportedNodes(g.build(), "webgpu");
  expect(found).toMatchObject({ is: "fails", reason: expect.stringContaining("Indices") });
  expect(unsupportedNodes({ ...g.build(), nodes: [{ ...g.nodes[0], outputs: [best] } as never] }, "webgpu")).toEqual(
    [],
  );
});

test("unsupportedNodes knows nothing of targets that were not probed", () => {
  expect(unsupportedNodes(graph(), "cuda")).toEqual([]);
});

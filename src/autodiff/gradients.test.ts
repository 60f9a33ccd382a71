import { describe, expect, test } from "vitest";
import { elements, randomFeeds } from "../../test/support/compare-graphs.ts";
import { GraphError } from "../base/errors.ts";
import type { Value } from "../graph/graph.ts";
import { printGraph } from "../graph/print.ts";
import type { Builder } from "../ops/operator.ts";
import { createBuilder } from "../ops/registry.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { scalar, tensor } from "../tensor/tensor.ts";
import { gradients } from "./gradients.ts";

const sum = (g: Builder, value: Value): Value => g.op("ReduceSum", [value], { keepdims: 0 });

/** Gradients of `build` at the given numbers, in the order of the names. */
async function at(
  feeds: Record<string, number[]>,
  build: (g: Builder, ...inputs: Value[]) => Value,
): Promise<number[][]> {
  const g = createBuilder("tiny");
  const names = Object.keys(feeds);
  const inputs = names.map((name) => g.input(name, "float64", [(feeds[name] as number[]).length]));
  for (const [i, gradient] of gradients(g, sum(g, build(g, ...inputs)), inputs).entries()) g.output(`d${i}`, gradient);
  const tensors = names.map((name) => [
    name,
    tensor("float64", [(feeds[name] as number[]).length], feeds[name] as number[]),
  ]);
  const results = await evaluate(g.build(), Object.fromEntries(tensors));
  return names.map((_, i) => elements(results[`d${i}`]));
}

describe("accumulation", () => {
  test("a value used twice gets the sum, x·x", async () => {
    expect(await at({ x: [3, -2] }, (g, x) => g.op("Mul", [x, x]))).toEqual([[6, -4]]);
  });

  test("over several consumers and paths, x³ + 2x + 5", async () => {
    const build = (g: Builder, x: Value) => {
      const cube = g.op("Mul", [x, g.op("Mul", [x, x])]);
      return g.op("Add", [g.op("Add", [cube, g.op("Mul", [g.scalar(2, "float64"), x])]), g.scalar(5, "float64")]);
    };
    expect(await at({ x: [1, 2] }, build)).toEqual([[5, 14]]);
  });

  test("over broadcast axes", async () => {
    expect(await at({ x: [1, 2, 3], s: [10] }, (g, x, s) => g.op("Mul", [x, s]))).toEqual([[10, 10, 10], [6]]);
  });

  test("adds once for each further use and no more", () => {
    const g = createBuilder("tiny");
    const x = g.input("x", "float32", [2]);
    g.output("dx", gradients(g, sum(g, g.op("Sum", [g.op("Exp", [x]), g.op("Sin", [x]), x])), [x])[0] as Value);
    expect(g.nodes.filter(({ op, name }) => op === "Add" && name.startsWith("grad"))).toHaveLength(2);
  });
});

describe("what is differentiated", () => {
  test("by values inside the graph and by inputs at once", async () => {
    const g = createBuilder("tiny");
    const x = g.input("x", "float64", []);
    const y = g.op("Mul", [x, x]);
    const [dy, dx] = gradients(g, g.op("Exp", [g.op("Mul", [y, g.scalar(0, "float64")])]), [y, x]) as [Value, Value];
    const [again] = gradients(g, g.op("Mul", [y, y]), [y]) as [Value];
    for (const [name, value] of Object.entries({ dy, dx, again })) g.output(name, value);
    const results = await evaluate(g.build(), { x: scalar("float64", 3) });
    expect([results.dy, results.dx, results.again].map((value) => elements(value)[0])).toEqual([0, 0, 18]);
  });

  test("by the value itself: one", async () => {
    const g = createBuilder("tiny");
    const x = g.input("x", "float32", []);
    const y = g.op("Exp", [x]);
    const results = gradients(g, y, [y, y, x]) as [Value, Value, Value];
    for (const [i, value] of results.entries()) g.output(`d${i}`, value);
    const out = await evaluate(g.build(), { x: scalar("float32", 0) });
    expect([out.d0, out.d1, out.d2].map((value) => elements(value)[0])).toEqual([1, 1, 1]);
  });

  test("twice: the second derivative of x³ is 6x", async () => {
    const g = createBuilder("tiny");
    const x = g.input("x", "float64", []);
    const [first] = gradients(g, g.op("Mul", [x, g.op("Mul", [x, x])]), [x]) as [Value];
    const [second] = gradients(g, first, [x]) as [Value];
    g.output("d", second);
    expect(elements((await evaluate(g.build(), { x: scalar("float64", 5) })).d)).toEqual([30]);
  });

  test("a seed makes a vector–Jacobian product", async () => {
    const g = createBuilder("tiny");
    const x = g.input("x", "float32", [2]);
    const seed = g.input("seed", "float32", [2]);
    g.output("dx", gradients(g, g.op("Mul", [x, x]), [x], { seed })[0] as Value);
    const out = await evaluate(g.build(), { x: tensor("float32", [2], [3, 5]), seed: tensor("float32", [2], [1, -1]) });
    expect(elements(out.dx)).toEqual([6, -10]);
  });

  test("only what is asked for is built", () => {
    const g = createBuilder("tiny");
    const [x, w] = [g.input("x", "float32", [3, 4]), g.input("w", "float32", [4, 2])];
    const before = sum(g, g.op("MatMul", [x, w]));
    const made = g.nodes.length;
    g.output("dw", gradients(g, before, [w])[0] as Value);
    expect(g.nodes.slice(made).flatMap(({ inputs }) => inputs)).not.toContain(w);
  });
});

describe("where the walk stops", () => {
  test("at operators without a derivative", async () => {
    // d/dx (x·floor(x)): floor gets nothing, so the result is floor(x).
    expect(await at({ x: [2.5, -1.25] }, (g, x) => g.op("Mul", [x, g.op("Floor", [x])]))).toEqual([[2, -2]]);
    const mask = (g: Builder, x: Value) => {
      const positive = g.op("Cast", [g.op("Greater", [x, g.scalar(0, "float64")])], { to: 11 });
      return g.op("Mul", [x, positive]);
    };
    expect(await at({ x: [2, -2] }, mask)).toEqual([[1, 0]]);
  });

  test("a value that does not reach the result is an error that names both", () => {
    const g = createBuilder("tiny");
    const [x, other] = [g.input("x", "float32", [2]), g.input("other", "float32", [2])];
    const loss = sum(g, x);
    expect(() => gradients(g, loss, [x, other])).toThrow(GraphError);
    expect(() => gradients(g, loss, [x, other])).toThrow(
      /^gradients: cannot differentiate "ReduceSum_0" by "other": the one does not depend on the other, .+\nhint: /,
    );
    expect(gradients(g, loss, [other, x], { unreachable: "null" })[0]).toBeNull();
  });

  test("one that reaches it only through a stop is, too", () => {
    const g = createBuilder("tiny");
    const x = g.input("x", "float32", [2]);
    expect(() => gradients(g, sum(g, g.op("Floor", [x])), [x])).toThrow(/operators that have a gradient/);
  });

  test("what is not a float scalar needs a seed, and the seed its shape", () => {
    const g = createBuilder("tiny");
    const x = g.input("x", "float32", [2]);
    const y = g.op("Exp", [x]);
    expect(() => gradients(g, y, [x])).toThrow(/got float32 \[2\], must be a float scalar\nhint: reduce it first/);
    expect(() => gradients(g, g.op("Cast", [sum(g, x)], { to: 7 }), [x])).toThrow(/got int64 \[\]/);
    expect(() => gradients(g, y, [x], { seed: g.scalar(1) })).toThrow(
      /got a seed of shape \[\], must be shaped like the value, \[2\]/,
    );
  });
});

test("prints as the product rule reads", () => {
  const g = createBuilder("tiny");
  const [x, y] = [g.input("x", "float32", []), g.input("y", "float32", [])];
  const [dx, dy] = gradients(g, g.op("Mul", [g.op("Exp", [x]), y]), [x, y]) as [Value, Value];
  g.output("dx", dx);
  g.output("dy", dy);
  expect(printGraph(g.build())).toMatchInlineSnapshot(`
    "graph "tiny": 2 inputs, 2 outputs, 5 nodes
    input %x f32[]
    input %y f32[]
    %Exp_0 f32[] = Exp(%x)
    %Mul_0 f32[] = Mul(%Exp_0, %y)
    %grad/Mul_0 f32[] = Mul(1.0, %y)
    %grad/Mul_1 f32[] = Mul(1.0, %Exp_0)
    %grad/Mul_2 f32[] = Mul(%grad/Mul_0, %Exp_0)
    output "dx" = %grad/Mul_2 f32[]
    output "dy" = %grad/Mul_1 f32[]
    "
  `);
});

test("each gradient has the shape and dtype of its value, in every part of a small network", async () => {
  const g = createBuilder("tiny");
  const x = g.input("x", "float32", [2, 3]);
  const w = g.input("w", "float32", [4, 3]);
  const hidden = g.op("Tanh", [g.op("Gemm", [x, w], { transB: 1 })]);
  const parts = [x, w, hidden];
  for (const [i, value] of gradients(g, sum(g, g.op("Mul", [hidden, hidden])), parts).entries())
    g.output(`d${i}`, value);
  const graph = g.build();
  const out = await evaluate(graph, randomFeeds(graph));
  expect(parts.map((_, i) => out[`d${i}`]?.shape)).toEqual([
    [2, 3],
    [4, 3],
    [2, 4],
  ]);
});

import { expect, test } from "vitest";
import { expectSameResults } from "../../test/support/compare-graphs.ts";
import type { Value } from "../graph/graph.ts";
import { printGraph } from "../graph/print.ts";
import { verifyGraph } from "../graph/verify.ts";
import { createBuilder, inference, keyOf } from "../ops/registry.ts";
import type { Match, Rules } from "../ops/rule.ts";
import { filled, tensor } from "../tensor/tensor.ts";
import { rewrite } from "./rewrite.ts";

/** exp(x) for x: a rule that grows the graph by constants and nodes with fresh names. */
const negatedTwice: Rules = {
  Exp: [({ g, inputs }) => [g.op("Reciprocal", [g.op("Exp", [g.op("Mul", [inputs[0] as Value, g.scalar(-1)])])])]],
};
/** Applies once: the Exp that it leaves is of a Mul by −1. */
const once: Rules = {
  Exp: [(match) => (match.producer(match.inputs[0])?.op === "Mul" ? undefined : negatedTwice.Exp?.[0]?.(match))],
};

test("gives back the same object when no rule applies", () => {
  const g = createBuilder("tiny");
  g.output("y", g.op("Relu", [g.input("x", "float32", [2])]));
  const graph = g.build();
  expect(rewrite(graph, once)).toBe(graph);
});

test("keeps the names of what no rule touches, and gives new nodes new ones", async () => {
  const g = createBuilder("tiny");
  const x = g.input("x", "float32", [2]);
  const e = g.op("Exp", [x]);
  g.output("y", g.op("Add", [g.op("Exp", [e]), g.op("Mul", [e, g.constant(tensor("float32", [2], [2, 3]))])]));
  const result = rewrite(g.build(), once);
  expect(printGraph(result)).toMatchInlineSnapshot(`
    "graph "tiny": 1 input, 1 output, 8 nodes
    input %x f32[2]
    const %const_0 f32[2] = [2.0, 3.0]
    %Mul_1 f32[2] = Mul(%x, -1.0)
    %Exp_2 f32[2] = Exp(%Mul_1)
    %Reciprocal_0 f32[2] = Reciprocal(%Exp_2)
    %Mul_2 f32[2] = Mul(%Reciprocal_0, -1.0)
    %Exp_3 f32[2] = Exp(%Mul_2)
    %Reciprocal_1 f32[2] = Reciprocal(%Exp_3)
    %Mul_0 f32[2] = Mul(%Reciprocal_0, %const_0)
    %Add_0 f32[2] = Add(%Reciprocal_1, %Mul_0)
    output "y" = %Add_0 f32[2]
    "
  `);
  verifyGraph(result, { inference, keyOf });
  await expectSameResults(result, g.build());
});

test("new names differ from those of inputs, outputs and constants, small or large", async () => {
  const g = createBuilder("tiny");
  const x = g.input("Mul_0", "float32", [5, 5]);
  const large = g.constant(filled("float32", [5, 5], 0.25)); // const_0, the name a rule's first constant would get
  const other = g.input("Reciprocal_0", "float32", [5, 5]);
  g.output("const_1", g.op("Add", [g.op("Exp", [x]), g.op("Mul", [other, large])]));
  g.output("given", g.constant(filled("float32", [5], 7)));
  const result = rewrite(g.build(), once);
  verifyGraph(result, { inference, keyOf });
  const names = new Set<string>();
  const values = new Set(
    result.nodes.flatMap((node) => [...node.inputs, ...node.outputs]).filter((value) => value !== null),
  );
  for (const value of values) names.add(value.name);
  expect(names.size).toBe(values.size);
  await expectSameResults(result, g.build());
});

test("an input, a constant and one value twice can be outputs of the result", async () => {
  const g = createBuilder("tiny");
  const x = g.input("x", "float32", [2]);
  g.output("a", g.op("Identity", [x]));
  g.output("b", g.op("Identity", [g.op("Identity", [x])]));
  g.output("c", g.op("Identity", [g.constant(tensor("float32", [2], [1, 2]))]));
  const result = rewrite(g.build(), { Identity: [({ inputs }) => [inputs[0] as Value]] });
  expect(result.nodes).toEqual([]);
  await expectSameResults(result, g.build());
});

test("a match knows who reads a value alone", () => {
  const g = createBuilder("tiny");
  const x = g.input("x", "float32", [2]);
  const [alone, shared, given] = [g.op("Exp", [x]), g.op("Neg", [x]), g.op("Abs", [x])];
  g.output("given", given);
  g.output("y", g.op("Sum", [alone, shared, shared, given]));
  const seen: boolean[] = [];
  const look = (match: Match) => {
    seen.push(...[0, 1, 2, 3].map((index) => match.readsAlone(index)));
    return undefined;
  };
  rewrite(g.build(), { Sum: [look] });
  expect(seen).toEqual([true, false, false, false]);
});

test("stops when rules never settle", () => {
  const g = createBuilder("tiny");
  g.output("y", g.op("Exp", [g.input("x", "float32", [2])]));
  expect(rewrite(g.build(), negatedTwice).nodes.length).toBeLessThan(200);
});

import { describe, expect, test } from "vitest";
import { expectSameResults } from "../../test/support/compare-graphs.ts";
import { emulateHalf } from "../../test/support/emulate-half.ts";
import { smallGpt } from "../../test/support/gpts.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { verifyGraph } from "../graph/verify.ts";
import { createBuilder, inference, keyOf } from "../ops/registry.ts";
import { optimize } from "../passes/optimize.ts";
import { filled } from "../tensor/tensor.ts";
import { gradientGraph } from "../train/step-graph.ts";
import { gradients } from "./gradients.ts";
import { rematerialize } from "./rematerialize.ts";

/** Three segments of a chain, and the gradients of their sum. */
function chain() {
  const g = createBuilder("chain");
  let x = g.op("Exp", [g.input("x", "float32", [5, 5])]);
  const parameters: Value[] = [];
  for (const name of ["a", "b", "c"]) {
    const w = g.input(name, "float32", [5, 5]);
    parameters.push(w);
    x = g.scope(name, () => {
      const h = g.op("Add", [g.op("MatMul", [x, w]), g.constant(filled("float32", [5, 5], 0.1))]);
      return g.op("Mul", [g.op("Tanh", [h]), g.op("Sigmoid", [h])]);
    });
  }
  const loss = g.op("ReduceMean", [g.op("Mul", [x, x])], { keepdims: 0 });
  const forwardNodes = g.nodes.length;
  g.output("loss", loss);
  for (const [i, value] of gradients(g, loss, parameters).entries()) g.output(`d${i}`, value);
  return { graph: g.build(), forwardNodes };
}
const segmentOf = (name: string): string | null => /^([abc])\//.exec(name)?.[1] ?? null;

describe("rematerialize", () => {
  test("computes segments again for the backward pass, with the same results", async () => {
    const { graph, forwardNodes } = chain();
    const result = rematerialize(graph, { forwardNodes, segmentOf });
    verifyGraph(result, { inference, keyOf });
    expect(result.nodes.filter(({ name }) => name.startsWith("again/")).length).toBeGreaterThan(0);
    await expectSameResults(result, graph);
  });

  test("survives the passes of a target: nothing is merged with its first computation", async () => {
    const { graph, forwardNodes } = chain();
    const result = rematerialize(graph, { forwardNodes, segmentOf });
    const lowered = optimize(result, "cpu");
    const products = (nodes: readonly { op: string }[]) => nodes.filter(({ op }) => op === "Tanh").length;
    expect(products(lowered.nodes)).toBe(products(result.nodes));
    await expectSameResults(lowered, graph);
  });

  test("finds free names where nodes have no path", () => {
    const g = createBuilder("flat");
    const x = g.input("x", "float32", [3]);
    let y = x;
    for (let i = 0; i < 6; i++) y = g.op("Mul", [g.op("Sin", [y]), x]);
    const forwardNodes = g.nodes.length;
    const segments = new Map(g.nodes.map(({ name }, i) => [name, i < 6 ? "a" : "b"]));
    g.output("dx", gradients(g, g.op("ReduceSum", [y], { keepdims: 0 }), [x])[0]);
    const result = rematerialize(g.build(), { forwardNodes, segmentOf: (name) => segments.get(name) ?? null });
    verifyGraph(result, { inference, keyOf });
    expect(result.nodes.some(({ name }) => name.startsWith("again/"))).toBe(true);
  });

  test("gives back the same object when no node is in a segment", () => {
    const { graph, forwardNodes } = chain();
    expect(rematerialize(graph, { forwardNodes, segmentOf: () => null })).toBe(graph);
  });

  test("of a GPT gives the same gradients", async () => {
    const model = smallGpt({ bias: true });
    const graph = gradientGraph(model, 2);
    const result = gradientGraph(model, 2, true);
    verifyGraph(result, { inference, keyOf });
    expect(result.nodes.length).toBeGreaterThan(graph.nodes.length);
    await expectSameResults(optimize(result, "cpu"), graph, 1e-4, 1e-5);
  });
});

test("in mixed precision segments are held apart too, whatever the dtype in which their gradient arrives", async () => {
  const model = smallGpt();
  const [plain, again] = [gradientGraph(model, 2, false, "mixed"), gradientGraph(model, 2, true, "mixed")];
  verifyGraph(again, { inference, keyOf });
  const counts = (graph: Graph) => {
    const { nodes } = optimize(emulateHalf(graph), "cpu");
    return nodes.filter(({ op }) => op === "Softmax").length;
  };
  expect(counts(again)).toBe(2 * counts(plain));
  // Gradients of the weights of a segment come before the next one is computed again.
  const at = (name: RegExp): number => again.nodes.findIndex((node) => name.test(node.name));
  const last = again.outputs.find(({ name }) => name === "gradient/blocks.1.mlp.down.weight")?.value;
  expect(at(/^again\/blocks\.0\//)).toBeGreaterThan(again.nodes.findIndex(({ outputs }) => outputs[0] === last));
  await expectSameResults(emulateHalf(again), emulateHalf(plain));
});

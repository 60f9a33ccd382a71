import { expect, test } from "vitest";
import type { Graph, Node, Value } from "../graph/graph.ts";
import { printGraph } from "../graph/print.ts";
import { createBuilder } from "../ops/registry.ts";
import { scalar } from "../tensor/tensor.ts";
import { removeDeadCode } from "./dead-code.ts";

test("drops nodes that no output needs, and what only they needed", () => {
  const g = createBuilder("tiny");
  const x = g.input("x", "float32", [2]);
  const unused = g.input("unused", "float32", [2]);
  g.op("Neg", [g.op("Exp", [unused])]);
  g.output("y", g.op("Relu", [x]));
  expect(printGraph(removeDeadCode(g.build()))).toMatchInlineSnapshot(`
    "graph "tiny": 2 inputs, 1 output, 1 node
    input %x f32[2]
    input %unused f32[2]
    %Relu_0 f32[2] = Relu(%x)
    output "y" = %Relu_0 f32[2]
    "
  `);
});

test("marks outputs that nobody reads as absent", () => {
  const g = createBuilder("tiny");
  const x = g.input("x", "float32", [4]);
  const [first] = g.ops("Split", [x], { axis: 0, num_outputs: 2 }, 2) as [Value, Value];
  g.output("y", first);
  expect(printGraph(removeDeadCode(g.build()))).toMatchInlineSnapshot(`
    "graph "tiny": 1 input, 1 output, 1 node
    input %x f32[4]
    %Split_0 f32[2], _ = Split(%x, axis=0, num_outputs=2)
    output "y" = %Split_0 f32[2]
    "
  `);
});

test("gives back the same object when there is nothing to do", () => {
  const g = createBuilder("tiny");
  g.output("y", g.op("Relu", [g.input("x", "float32", [2])]));
  const graph = g.build();
  expect(removeDeadCode(graph)).toBe(graph);
});

test("keeps what only a subgraph reads", () => {
  const graph = captured();
  expect(removeDeadCode(graph)).toBe(graph);
});

/** x → Neg → read inside the branches of an If, and nowhere else. */
function captured(): Graph {
  const value = (name: string): Value => ({ name, dtype: "float32", shape: [2] });
  const node = (op: string, input: Value, output: Value): Node => ({
    op,
    domain: "",
    name: output.name,
    inputs: [input],
    outputs: [output],
    attributes: {},
  });
  const [x, negative, y] = [value("x"), value("negative"), value("y")];
  const branch = (op: string): Graph => {
    const output = value(op);
    return { name: op, inputs: [], nodes: [node(op, negative, output)], outputs: [{ name: op, value: output }] };
  };
  const condition: Value = { name: "condition", dtype: "bool", shape: [], constant: scalar("bool", 1) };
  const choice: Node = {
    ...node("If", condition, y),
    attributes: {
      then_branch: { kind: "graph", value: branch("Exp") },
      else_branch: { kind: "graph", value: branch("Relu") },
    },
  };
  return { name: "tiny", inputs: [x], nodes: [node("Neg", x, negative), choice], outputs: [{ name: "y", value: y }] };
}

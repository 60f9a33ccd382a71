import { expect, test } from "vitest";
import { gradients } from "../autodiff/gradients.ts";
import type { Graph } from "../graph/graph.ts";
import { printGraph } from "../graph/print.ts";
import { verifyGraph } from "../graph/verify.ts";
import { converted } from "../ops/compute-type.ts";
import { createBuilder, inference, keyOf } from "../ops/registry.ts";
import { removeDeadCode } from "./dead-code.ts";
import { mixedBackward } from "./mixed-backward.ts";

function textOf(graph: Graph): string {
  verifyGraph(graph, { inference, keyOf });
  return printGraph(removeDeadCode(graph));
}

test("the gradient of a softmax reads what the product behind it reads", () => {
  const g = createBuilder("tiny");
  const [x, w] = [g.input("x", "float32", [2, 2]), g.input("w", "float16", [2, 2])];
  const y = g.op("MatMul", [converted(g, g.op("Softmax", [x]), "float16"), w]);
  const loss = g.op("ReduceSum", [converted(g, y, "float32")], { keepdims: 0 });
  const forwardNodes = g.nodes.length;
  g.output("dx", gradients(g, loss, [x])[0]);
  expect(textOf(mixedBackward(g.build(), forwardNodes))).toMatchInlineSnapshot(`
    "graph "tiny": 2 inputs, 1 output, 10 nodes
    input %x f32[2, 2]
    input %w f16[2, 2]
    const %grad/const_3 f32[2, 2] = [1.0, 1.0, 1.0, 1.0]
    %Softmax_0 f32[2, 2] = Softmax(%x)
    %Cast_0 f16[2, 2] = Cast(%Softmax_0, to=10)
    %grad/Cast_0 f16[2, 2] = Cast(%grad/const_3, to=10)
    %grad/Gemm_0 f16[2, 2] = Gemm(%grad/Cast_0, %w, transB=1)
    %grad/Cast_1 f32[2, 2] = Cast(%grad/Gemm_0, to=1)
    %grad/Cast_2 f32[2, 2] = Cast(%Cast_0, to=1)
    %grad/Mul_0 f32[2, 2] = Mul(%grad/Cast_1, %grad/Cast_2)
    %grad/ReduceSum_0 f32[2, 1] = ReduceSum(%grad/Mul_0, [-1])
    %grad/Sub_0 f32[2, 2] = Sub(%grad/Cast_1, %grad/ReduceSum_0)
    %grad/Mul_1 f32[2, 2] = Mul(%grad/Cast_2, %grad/Sub_0)
    output "dx" = %grad/Mul_1 f32[2, 2]
    "
  `);
});

test("a sum on its way to a parameter is not rounded in between", () => {
  const g = createBuilder("tiny");
  const [x, bias] = [g.input("x", "float16", [2, 2]), g.input("bias", "float32", [2])];
  const y = g.op("Add", [x, converted(g, bias, "float16")]);
  const loss = g.op("ReduceSum", [converted(g, g.op("Mul", [y, y]), "float32")], { keepdims: 0 });
  const forwardNodes = g.nodes.length;
  g.output("d", gradients(g, loss, [bias])[0]);
  expect(textOf(mixedBackward(g.build(), forwardNodes))).toMatchInlineSnapshot(`
    "graph "tiny": 2 inputs, 1 output, 7 nodes
    input %x f16[2, 2]
    input %bias f32[2]
    const %grad/const_3 f32[2, 2] = [1.0, 1.0, 1.0, 1.0]
    %Cast_0 f16[2] = Cast(%bias, to=10)
    %Add_0 f16[2, 2] = Add(%x, %Cast_0)
    %grad/Cast_0 f16[2, 2] = Cast(%grad/const_3, to=10)
    %grad/Mul_0 f16[2, 2] = Mul(%grad/Cast_0, %Add_0)
    %grad/Add_0 f16[2, 2] = Add(%grad/Mul_0, %grad/Mul_0)
    %grad/Cast_1 f32[2, 2] = Cast(%grad/Add_0, to=1)
    %grad/ReduceSum_0 f32[2] = ReduceSum(%grad/Cast_1, [0], keepdims=0)
    output "d" = %grad/ReduceSum_0 f32[2]
    "
  `);
});

test("gives back the same object when there is nothing to do", () => {
  const g = createBuilder("tiny");
  const x = g.input("x", "float32", [2]);
  g.output("y", g.op("Relu", [x]));
  const graph = g.build();
  expect(mixedBackward(graph, 1)).toBe(graph);
});

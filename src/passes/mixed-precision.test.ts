import { expect, test } from "vitest";
import { emulateHalf } from "../../test/support/emulate-half.ts";
import { mlpModel } from "../../test/support/models.ts";
import type { Graph } from "../graph/graph.ts";
import { printGraph } from "../graph/print.ts";
import { verifyGraph } from "../graph/verify.ts";
import type { Builder } from "../ops/operator.ts";
import { createBuilder, inference, keyOf } from "../ops/registry.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { fromFloat32 } from "../tensor/float-bits.ts";
import { tensor } from "../tensor/tensor.ts";
import { evaluationGraph } from "../train/step-graph.ts";
import { mixedPrecision } from "./mixed-precision.ts";

const nobody: ReadonlySet<string> = new Set();

/** The text of a graph in mixed precision, which must be a right one. */
function mixed(g: Builder, parameters = nobody): string {
  const graph = mixedPrecision(g.build(), parameters);
  verifyGraph(graph, { inference, keyOf });
  return printGraph(graph);
}

/** The dtypes of the first outputs, by operator. */
function dtypesOf(graph: Graph): string[] {
  return graph.nodes.map(({ op, outputs }) => `${op} ${outputs[0]?.dtype}`);
}

test("an MLP: products in float16, parameters, loss and what follows a softmax in float32", () => {
  expect(printGraph(evaluationGraph(mlpModel(), 2, "mixed"))).toMatchInlineSnapshot(`
    "graph "classifier-evaluation": 6 inputs, 1 output, 10 nodes
    input %up.weight f32[16, 6]
    input %up.bias f32[16]
    input %down.weight f32[3, 16]
    input %down.bias f32[3]
    input %x f32[2, 6]
    input %labels i64[2]
    %up/Cast_0 f16[2, 6] = Cast(%x, to=10)
    %up/Cast_1 f16[16, 6] = Cast(%up.weight, to=10)
    %up/Cast_2 f16[16] = Cast(%up.bias, to=10)
    %up/Gemm_0 f16[2, 16] = Gemm(%up/Cast_0, %up/Cast_1, %up/Cast_2, transB=1)
    %activation/Tanh_0 f16[2, 16] = Tanh(%up/Gemm_0)
    %down/Cast_0 f16[3, 16] = Cast(%down.weight, to=10)
    %down/Cast_1 f16[3] = Cast(%down.bias, to=10)
    %down/Gemm_0 f16[2, 3] = Gemm(%activation/Tanh_0, %down/Cast_0, %down/Cast_1, transB=1)
    %Cast_0 f32[2, 3] = Cast(%down/Gemm_0, to=1)
    %SoftmaxCrossEntropyLoss_0 f32[], %SoftmaxCrossEntropyLoss_1 f32[2, 3] = SoftmaxCrossEntropyLoss(%Cast_0, %labels, reduction="mean")
    output "loss" = %SoftmaxCrossEntropyLoss_0 f32[]
    "
  `);
});

test("a value is converted once for all of its readers, and only for those that want it", () => {
  const g = createBuilder("tiny");
  const [x, w] = [g.input("x", "float32", [2, 3]), g.input("w", "float32", [3, 3])];
  const first = g.op("MatMul", [x, w]);
  g.output("sum", g.op("ReduceSum", [g.op("MatMul", [g.op("MatMul", [first, w]), w])]));
  g.output("plain", g.op("Neg", [w]));
  g.output("first", first);
  g.output("again", first);
  expect(mixed(g, new Set(["w"]))).toMatchInlineSnapshot(`
    "graph "tiny": 2 inputs, 4 outputs, 9 nodes
    input %x f32[2, 3]
    input %w f32[3, 3]
    %Cast_0 f16[2, 3] = Cast(%x, to=10)
    %Cast_1 f16[3, 3] = Cast(%w, to=10)
    %MatMul_0 f16[2, 3] = MatMul(%Cast_0, %Cast_1)
    %MatMul_1 f16[2, 3] = MatMul(%MatMul_0, %Cast_1)
    %MatMul_2 f16[2, 3] = MatMul(%MatMul_1, %Cast_1)
    %Cast_2 f32[2, 3] = Cast(%MatMul_2, to=1)
    %ReduceSum_0 f32[1, 1] = ReduceSum(%Cast_2)
    %Neg_0 f32[3, 3] = Neg(%w)
    %Cast_3 f32[2, 3] = Cast(%MatMul_0, to=1)
    output "sum" = %ReduceSum_0 f32[1, 1]
    output "plain" = %Neg_0 f32[3, 3]
    output "first" = %Cast_3 f32[2, 3]
    output "again" = %Cast_3 f32[2, 3]
    "
  `);
});

test("an elementwise operator takes float16 from parameters and masks, and float32 from data", () => {
  const g = createBuilder("tiny");
  const [x, w] = [g.input("x", "float32", [2, 2]), g.input("w", "float32", [2, 2])];
  const bias = g.op("Reshape", [g.input("bias", "float32", [2]), g.ints([1, 2])]);
  const product = g.op("MatMul", [x, w]);
  const shifted = g.op("Add", [product, bias]);
  const mask = g.op("Cast", [g.op("Greater", [x, g.scalar(0)])], { to: 1 });
  const kept = g.op("Mul", [shifted, g.op("Mul", [mask, g.scalar(2)])]);
  g.output("y", g.op("Sub", [kept, x]));
  const graph = mixedPrecision(g.build(), new Set(["w", "bias"]));
  expect(dtypesOf(graph).filter((line) => /Add|Mul|Sub/.test(line))).toEqual([
    "MatMul float16",
    "Add float16",
    "Mul float32",
    "Mul float16",
    "Sub float32",
  ]);
});

test.each<[string, number, string]>([
  ["too large", 1e9, "float32"],
  ["too small", 1e-8, "float32"],
  ["infinite", Number.NEGATIVE_INFINITY, "float16"],
  ["zero", 0, "float16"],
  ["like any other", 0.1, "float16"],
])("a constant that is %s decides for what is added to it", (_, number, dtype) => {
  const g = createBuilder("tiny");
  const product = g.op("MatMul", [g.input("x", "float32", [2, 2]), g.input("w", "float32", [2, 2])]);
  g.output("y", g.op("Add", [product, g.scalar(number)]));
  expect(dtypesOf(mixedPrecision(g.build(), nobody))).toContain(`Add ${dtype}`);
});

test("a frozen weight becomes a constant of half the size", () => {
  const g = createBuilder("tiny");
  const weight = tensor("float32", [2, 2], [0.1, 1e-9, -3, 65504]);
  g.output("y", g.op("MatMul", [g.input("x", "float32", [2, 2]), g.constant(weight, "frozen")]));
  const graph = mixedPrecision(g.build(), nobody);
  const constant = graph.nodes.find(({ op }) => op === "MatMul")?.inputs[1]?.constant;
  expect(constant).toEqual(fromFloat32("float16", [2, 2], weight.data as Float32Array));
});

test("operators with several outputs, and other dtypes, keep what is theirs", () => {
  const g = createBuilder("tiny");
  const image = g.op("Conv", [g.input("x", "float32", [1, 1, 4, 4]), g.input("w", "float32", [2, 1, 1, 1])]);
  const [pooled, indices] = g.ops("MaxPool", [image], { kernel_shape: [2, 2], strides: [2, 2] }, 2);
  g.output("pooled", pooled as never);
  g.output("indices", indices as never);
  const double = g.input("double", "float64", [2, 2]);
  g.output("product", g.op("MatMul", [double, double]));
  const graph = mixedPrecision(g.build(), nobody);
  verifyGraph(graph, { inference, keyOf });
  const outputs = graph.nodes.find(({ op }) => op === "MaxPool")?.outputs.map((output) => output?.dtype);
  expect(outputs).toEqual(["float16", "int64"]);
  expect(graph.outputs.map(({ value }) => value.dtype)).toEqual(["float32", "int64", "float64"]);
});

test("a graph without products stays as it is", () => {
  const g = createBuilder("tiny");
  const x = g.input("x", "float32", [2, 2]);
  g.output("y", g.op("Softmax", [g.op("Add", [x, g.scalar(1)])]));
  const graph = g.build();
  expect(printGraph(mixedPrecision(graph, nobody))).toBe(printGraph(graph));
});

test("twice is once", () => {
  const once = mixedPrecision(evaluationGraph(mlpModel(), 2), new Set(["up.weight"]));
  expect(printGraph(mixedPrecision(once, new Set(["up.weight"])))).toBe(printGraph(once));
});

test("numbers that float16 holds give the same results", async () => {
  const g = createBuilder("tiny");
  const weight = g.constant(tensor("float32", [3, 2], [1, -2, 3, 0.5, 4, -8]));
  const product = g.op("MatMul", [g.constant(tensor("float32", [2, 3], [1, 2, 3, 4, 5, 6])), weight]);
  g.output("y", g.op("Relu", [g.op("Add", [product, g.input("bias", "float32", [2])])]));
  const feeds = { bias: tensor("float32", [2], [0.25, -8]) };
  const { y } = await evaluate(emulateHalf(mixedPrecision(g.build(), new Set(["bias"]))), feeds);
  expect(y).toEqual((await evaluate(g.build(), feeds)).y);
  expect(y).toEqual(tensor("float32", [2, 2], [19.25, 0, 43.25, 0]));
});

import { expect, test } from "vitest";
import type { DType } from "../tensor/dtype.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { Attributes, Graph, Node, Value } from "./graph.ts";
import { printGraph } from "./print.ts";

function value(name: string, shape: number[] = [2], dtype: DType = "float32"): Value {
  return { name, dtype, shape };
}

function constant(name: string, held: Tensor): Value {
  return { name, dtype: held.dtype, shape: held.shape, constant: held };
}

function node(
  op: string,
  inputs: (Value | null)[],
  outputs: (Value | null)[],
  attributes: Attributes = {},
  rest: Partial<Node> = {},
): Node {
  return { op, domain: "", name: outputs[0]?.name ?? "", inputs, outputs, attributes, ...rest };
}

test("printGraph of a small network", () => {
  const x = value("x", [32, 784]);
  const w = constant("up.weight", tensor("float32", [64, 784], new Float32Array(64 * 784).fill(0.1)));
  const bias = constant("up.bias", tensor("float32", [64], new Float32Array(64)));
  const shape = constant("const_0", tensor("int64", [2], [-1, 64]));
  const slope = constant("const_1", tensor("float32", [], [0.01]));
  const gemm = value("up/Gemm_0", [32, 64]);
  const reshaped = value("Reshape_0", [32, 64]);
  const scaled = value("Mul_0", [32, 64]);
  const best = value("TopK_0", [32, 5]);
  const indices = value("TopK_1", [32, 5], "int64");
  const k = constant("const_2", tensor("int64", [1], [5]));
  const graph: Graph = {
    name: "network",
    inputs: [x],
    outputs: [
      { name: "best", value: best },
      { name: "indices", value: indices },
      { name: "k", value: k },
    ],
    nodes: [
      node("Gemm", [x, w, bias], [gemm], { transB: { kind: "int", value: 1 }, alpha: { kind: "float", value: 0.1 } }),
      node("Reshape", [gemm, shape], [reshaped]),
      node("Mul", [reshaped, slope], [scaled], {}, { name: "leak" }),
      node("TopK", [scaled, k, null], [best, indices]),
    ],
  };
  expect(printGraph(graph)).toMatchInlineSnapshot(`
    "graph "network": 1 input, 3 outputs, 4 nodes
    input %x f32[32, 784]
    const %up.weight f32[64, 784] = [0.1, 0.1, 0.1, 0.1, …]
    const %up.bias f32[64] = [0.0, 0.0, 0.0, 0.0, …]
    %up/Gemm_0 f32[32, 64] = Gemm(%x, %up.weight, %up.bias, transB=1, alpha=0.1)
    %Reshape_0 f32[32, 64] = Reshape(%up/Gemm_0, [-1, 64])
    %Mul_0 f32[32, 64] = Mul(%Reshape_0, 0.01)  # leak
    %TopK_0 f32[32, 5], %TopK_1 i64[32, 5] = TopK(%Mul_0, [5])
    output "best" = %TopK_0 f32[32, 5]
    output "indices" = %TopK_1 i64[32, 5]
    output "k" = [5]
    "
  `);
});

test("printGraph of a subgraph, absent values, other domains and odd names", () => {
  const condition = value("is it", [], "bool");
  const x = value("x");
  const inner = value("Add_0");
  const item = value("item", []);
  const result = value("If_0");
  const table = constant("table", tensor("int64", [3, 2], [1, 2, 3, 4, 5, 6]));
  const body = (nodes: Node[], output: Value, inputs: Value[] = []): Attributes[string] => ({
    kind: "graph",
    value: { name: "body", inputs, nodes, outputs: [{ name: "out", value: output }] },
  });
  const graph: Graph = {
    name: 'say "if"',
    inputs: [condition, x],
    outputs: [{ name: "y", value: result }],
    nodes: [
      node("If", [condition], [result], {
        then_branch: body([node("Add", [x, table], [inner])], inner),
        else_branch: body([], x),
      }),
      node("Scan", [x], [null, value("Scan_1")], {
        body: body([], item, [item]),
        directions: { kind: "ints", value: [1] },
      }),
      node(
        "FusedMatMul",
        [x, null, x],
        [value("FusedMatMul_0")],
        { mode: { kind: "string", value: 'a"b' } },
        { domain: "com.microsoft" },
      ),
    ],
  };
  expect(printGraph(graph)).toMatchInlineSnapshot(`
    "graph "say \\"if\\"": 2 inputs, 1 output, 3 nodes
    input %"is it" bool[]
    input %x f32[2]
    const %table i64[3, 2] = [1, 2, 3, 4, …]
    %If_0 f32[2] = If(%"is it")
      then_branch = () =>
        %Add_0 f32[2] = Add(%x, %table)
        output "out" = %Add_0 f32[2]
      else_branch = () =>
        output "out" = %x f32[2]
    _, %Scan_1 f32[2] = Scan(%x, directions=[1])
      body = (%item f32[]) =>
        output "out" = %item f32[]
    %FusedMatMul_0 f32[2] = com.microsoft.FusedMatMul(%x, _, %x, mode="a\\"b")
    output "y" = %If_0 f32[2]
    "
  `);
});

test("printGraph shows each dtype's elements readably", () => {
  const scalars: Value[] = [
    constant("a", tensor("float32", [], [1 / 3])),
    constant("b", tensor("float32", [], [-0])),
    constant("c", tensor("float32", [], [1e30])),
    constant("d", tensor("float32", [], [Number.NaN])),
    constant("e", tensor("float64", [], [0.1])),
    constant("f", tensor("float16", [], [0x3555])),
    constant("g", tensor("float16", [], [0xfc00])),
    constant("h", tensor("bfloat16", [], [0x3f80])),
    constant("i", tensor("int64", [], [-7])),
    constant("j", tensor("int32", [2], [1, 2])),
    constant("k", tensor("uint8", [], [255])),
    constant("l", tensor("bool", [], [1])),
    constant("m", tensor("float8e5m2", [], [0x3c])),
    constant("n", { dtype: "string", shape: [], data: ["text"] }),
  ];
  const lists: Value[] = [
    constant("o", tensor("int4", [3], [0x21, 0x03])),
    constant("p", tensor("bool", [2], [1, 0])),
    constant("q", tensor("complex64", [1], [1, -2])),
    constant("r", tensor("float32", [0, 3], [])),
    constant("s", tensor("int64", [9], [1, 2, 3, 4, 5, 6, 7, 8, 9])),
  ];
  const attributes: Attributes = {
    floats: { kind: "floats", value: [0.1, 2] },
    strings: { kind: "strings", value: ["a"] },
    tensor: { kind: "tensor", value: tensor("float32", [2], [0.5, 1]) },
  };
  const graph: Graph = {
    name: "",
    inputs: [],
    outputs: [],
    nodes: [node("A", [...scalars, ...lists], [value("y")], attributes)],
  };
  expect(printGraph(graph)).toMatchInlineSnapshot(`
    "graph "": 0 inputs, 0 outputs, 1 node
    const %o i4[3] = [0x21, 0x03]
    const %p bool[2] = [true, false]
    const %q c64[1] = [1.0, -2.0]
    const %r f32[0, 3] = []
    const %s i64[9] = [1, 2, 3, 4, …]
    %y f32[2] = A(0.33333334, -0.0, 1e+30, NaN, 0.1:f64, 0.33325:f16, -Infinity:f16, 1.0:bf16, -7, [1, 2]:i32, 255:u8, true, 0x3c:f8e5m2, "text", %o, %p, %q, %r, %s, floats=[0.1, 2.0], strings=["a"], tensor=f32[2][0.5, 1.0])
    "
  `);
});

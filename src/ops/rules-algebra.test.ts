import { describe, expect, test } from "vitest";
import { expectSameResults } from "../../test/support/compare-graphs.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { printGraph } from "../graph/print.ts";
import { verifyGraph } from "../graph/verify.ts";
import { rewrite } from "../passes/rewrite.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import { filled, tensor } from "../tensor/tensor.ts";
import type { Builder } from "./operator.ts";
import { createBuilder, inference, keyOf } from "./registry.ts";
import { algebra } from "./rules-algebra.ts";

interface Row {
  readonly name: string;
  readonly build: (g: Builder, x: Value) => Value;
  /** Ops that are left. */
  readonly left: readonly string[];
  /** @defaultValue [2, 3] */
  readonly shape?: Shape;
  /** @defaultValue "float32" */
  readonly dtype?: DType;
}

const one = (g: Builder, shape: Shape = []) => g.constant(filled("float32", shape, 1));

const rows: readonly Row[] = [
  { name: "x·1", build: (g, x) => g.op("Mul", [x, one(g)]), left: [] },
  { name: "1·x", build: (g, x) => g.op("Mul", [one(g), x]), left: [] },
  { name: "x·1 of one element", build: (g, x) => g.op("Mul", [x, one(g, [1, 1])]), left: [] },
  { name: "x·1 that adds an axis stays", build: (g, x) => g.op("Mul", [x, one(g, [1, 1, 1])]), left: ["Mul"] },
  { name: "x·1 of many elements", build: (g, x) => g.op("Mul", [x, one(g, [2, 3])]), left: [] },
  {
    name: "x·1 of many expanded elements",
    shape: [300, 300],
    build: (g, x) => g.op("Mul", [g.op("Expand", [one(g), g.ints([300, 300])]), x]),
    left: [],
  },
  {
    name: "x·c stays where c is 1 in places",
    build: (g, x) => g.op("Mul", [x, g.constant(tensor("float32", [3], [1, 1, 2]))]),
    left: ["Mul"],
  },
  { name: "x·2 stays", build: (g, x) => g.op("Mul", [x, g.scalar(2)]), left: ["Mul"] },
  { name: "x/1", build: (g, x) => g.op("Div", [x, one(g)]), left: [] },
  { name: "1/x stays", build: (g, x) => g.op("Div", [one(g), x]), left: ["Div"] },
  { name: "x+0", build: (g, x) => g.op("Add", [x, g.scalar(0)]), left: [] },
  { name: "0+x", build: (g, x) => g.op("Add", [g.scalar(0), x]), left: [] },
  { name: "x−0", build: (g, x) => g.op("Sub", [x, g.scalar(0)]), left: [] },
  { name: "0−x stays", build: (g, x) => g.op("Sub", [g.scalar(0), x]), left: ["Sub"] },
  { name: "x+0 of integers", build: (g, x) => g.op("Add", [x, g.scalar(0, "int64")]), left: [], dtype: "int64" },
  { name: "Identity", build: (g, x) => g.op("Identity", [x]), left: [] },
  { name: "Cast to the same", build: (g, x) => g.op("Cast", [x], { to: 1 }), left: [] },
  { name: "Cast to another stays", build: (g, x) => g.op("Cast", [x], { to: 11 }), left: ["Cast"] },
  { name: "Expand to the same", build: (g, x) => g.op("Expand", [x, g.ints([1, 3])]), left: [] },
  { name: "Expand to more stays", build: (g, x) => g.op("Expand", [x, g.ints([4, 1, 1])]), left: ["Expand"] },
  { name: "Reshape to the same", build: (g, x) => g.op("Reshape", [x, g.ints([0, -1])]), left: [] },
  {
    name: "Reshape of Reshape",
    build: (g, x) => g.op("Reshape", [g.op("Reshape", [x, g.ints([6])]), g.ints([3, 2])]),
    left: ["Reshape"],
  },
  {
    name: "Reshape there and back",
    build: (g, x) => g.op("Reshape", [g.op("Reshape", [x, g.ints([6])]), g.ints([2, 3])]),
    left: [],
  },
  {
    name: "Reshape of Reshape that copies an axis by 0",
    build: (g, x) => g.op("Reshape", [g.op("Reshape", [x, g.ints([3, 2])]), g.ints([0, 1, 2])]),
    left: ["Reshape"],
  },
  {
    name: "Reshape of Reshape of an empty tensor stays",
    shape: [3, 0],
    build: (g, x) => {
      const target = (shape: number[]) => g.ints(shape);
      const inner = g.op("Reshape", [x, target([0, 5])], { allowzero: 1 });
      return g.op("Reshape", [inner, target([0, 7])], { allowzero: 1 });
    },
    left: ["Reshape", "Reshape"],
  },
  {
    name: "Transpose that moves nothing",
    build: (g, x) => g.op("Transpose", [x], { perm: [0, 1] }),
    left: [],
  },
  {
    name: "Transpose there and back, one by default",
    build: (g, x) => g.op("Transpose", [g.op("Transpose", [x])], { perm: [1, 0] }),
    left: [],
  },
  {
    name: "Transpose of Transpose",
    shape: [2, 3, 4],
    build: (g, x) => g.op("Transpose", [g.op("Transpose", [x], { perm: [1, 2, 0] })], { perm: [0, 2, 1] }),
    left: ["Transpose"],
  },
  {
    name: "x+scatter stays where x broadcasts",
    build: (g, x) => {
      const rows = g.constant(tensor("int64", [2, 1], [1, 0]));
      const scattered = g.op("ScatterND", [g.constant(filled("float32", [2, 3], 0)), rows, x], { reduction: "add" });
      return g.op("Add", [g.op("ReduceSum", [x, g.ints([0])]), scattered]);
    },
    left: ["ScatterND", "ReduceSum", "Add"],
  },
  {
    name: "a chain of all of them",
    build: (g, x) => {
      const turned = g.op("Transpose", [g.op("Mul", [g.op("Identity", [x]), one(g)])], { perm: [1, 0] });
      return g.op("Exp", [g.op("Transpose", [g.op("Add", [turned, g.scalar(0)])], { perm: [1, 0] })]);
    },
    left: ["Exp"],
  },
];

function graphOf({ build, shape = [2, 3], dtype = "float32" }: Row): Graph {
  const g = createBuilder("tiny");
  g.output("y", build(g, g.input("x", dtype, shape)));
  return g.build();
}

describe("algebra", () => {
  test.each(rows)("$name", async (row) => {
    const graph = graphOf(row);
    const result = rewrite(graph, algebra);
    expect(result.nodes.map((node) => node.op)).toEqual(row.left);
    verifyGraph(result, { inference, keyOf });
    await expectSameResults(result, graph);
  });

  test("writes the product of two permutations", () => {
    const row = rows.find(({ name }) => name === "Transpose of Transpose") as Row;
    expect(printGraph(rewrite(graphOf(row), algebra))).toMatchInlineSnapshot(`
      "graph "tiny": 1 input, 1 output, 1 node
      input %x f32[2, 3, 4]
      %Transpose_2 f32[3, 2, 4] = Transpose(%x, perm=[1, 0, 2])
      output "y" = %Transpose_2 f32[3, 2, 4]
      "
    `);
  });

  test("does not take the bits of a 16-bit float for its number", () => {
    const bits = (dtype: DType, value: number) => tensor(dtype, [], Uint16Array.of(value));
    for (const dtype of ["float16", "bfloat16"] as const) {
      const g = createBuilder("tiny");
      // The bits 0x0001 are a tiny number, not 1.
      g.output("y", g.op("Mul", [g.input("x", dtype, [2]), g.constant(bits(dtype, 1))]));
      const graph = g.build();
      expect(rewrite(graph, algebra)).toBe(graph);
    }
  });
});

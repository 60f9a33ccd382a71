import { expect, test } from "vitest";
import type { OnnxAttribute, OnnxModel } from "../graph/onnx/model.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { tensor } from "../tensor/tensor.ts";
import { importGraph } from "./import.ts";

const x = tensor("float32", [2, 3, 2], [1, -2, 3, 4, -5, 6, 7, 8, -9, 10, 11, -12]);

/** A model of one node on x, as a file of that opset would hold it. */
function oneNode(op: string, opset: number, attributes: Record<string, OnnxAttribute>, outputs = ["y"]): OnnxModel {
  return {
    irVersion: 7,
    opsets: new Map([["", opset]]),
    producerName: "",
    producerVersion: "",
    domain: "",
    modelVersion: 0,
    functions: [],
    graph: {
      name: "one",
      nodes: [
        {
          op,
          domain: "",
          name: op,
          overload: "",
          inputs: ["x"],
          outputs,
          attributes: new Map(Object.entries(attributes)),
        },
      ],
      initializers: new Map(),
      sparseInitializers: [],
      inputs: [{ name: "x", dtype: "float32", dims: [2, 3, 2] }],
      outputs: outputs.map((name) => ({ name, dtype: null, dims: null })),
      valueInfo: [],
    },
  };
}

const ints = (...value: number[]): OnnxAttribute => ({ kind: "ints", value });
const int = (value: number): OnnxAttribute => ({ kind: "int", value });
const float = (value: number): OnnxAttribute => ({ kind: "float", value });

test.each<[string, number, Record<string, OnnxAttribute>, number[], number[]]>([
  ["ReduceSum", 11, { axes: ints(0, 2), keepdims: int(0) }, [3], [14, 8, 0]],
  ["ReduceMean", 13, { axes: ints(1), keepdims: int(0) }, [2, 2], [-1 / 3, 8 / 3, 3, 2]],
  ["Unsqueeze", 11, { axes: ints(0) }, [1, 2, 3, 2], [...(x.data as Float32Array)]],
  ["Slice", 9, { starts: ints(1), ends: ints(3), axes: ints(1) }, [2, 2, 2], [3, 4, -5, 6, -9, 10, 11, -12]],
  [
    "Pad",
    10,
    { pads: ints(0, 0, 0, 0, 0, 1), value: float(5) },
    [2, 3, 3],
    [1, -2, 5, 3, 4, 5, -5, 6, 5, 7, 8, 5, -9, 10, 5, 11, -12, 5],
  ],
  ["Clip", 7, { min: float(-1), max: float(2) }, [2, 3, 2], [1, -1, 2, 2, -1, 2, 2, 2, -1, 2, 2, -1]],
  ["Clip", 7, { max: float(0) }, [2, 3, 2], [0, -2, 0, 0, -5, 0, 0, 0, -9, 0, 0, -12]],
  ["Dropout", 10, { ratio: float(0.5) }, [2, 3, 2], [...(x.data as Float32Array)]],
])("%s of opset %i", async (op, opset, attributes, shape, values) => {
  const { y } = await evaluate(importGraph(oneNode(op, opset, attributes)), { x });
  expect(y?.shape).toEqual(shape);
  for (const [i, value] of values.entries()) expect(Number(y?.data[i])).toBeCloseTo(value, 5);
});

test("Split without sizes made as many parts as outputs", async () => {
  for (const opset of [11, 13]) {
    const parts = await evaluate(importGraph(oneNode("Split", opset, { axis: int(2) }, ["a", "b"])), { x });
    expect(Array.from(parts.a?.data as Float32Array)).toEqual([1, 3, -5, 7, -9, 11]);
    expect(Array.from(parts.b?.data as Float32Array)).toEqual([-2, 4, 6, 8, 10, -12]);
  }
});

test("TopK had k as an attribute", async () => {
  const { y } = await evaluate(importGraph(oneNode("TopK", 9, { axis: int(1), k: int(1) }, ["y", "i"])), { x });
  expect(Array.from(y?.data as Float32Array)).toEqual([3, 6, 11, 10]);
});

test("Softmax before opset 13 was one distribution over all axes from the given one", async () => {
  const old = await evaluate(importGraph(oneNode("Softmax", 11, { axis: int(1) })), { x });
  const y = Array.from(old.y?.data as Float32Array);
  const sums = [y.slice(0, 6), y.slice(6)].map((row) => row.reduce((a, b) => a + b));
  for (const sum of sums) expect(sum).toBeCloseTo(1, 5);
  const now = await evaluate(importGraph(oneNode("Softmax", 13, { axis: int(1) })), { x });
  expect(Number(now.y?.data[0]) + Number(now.y?.data[2]) + Number(now.y?.data[4])).toBeCloseTo(1, 5);
});

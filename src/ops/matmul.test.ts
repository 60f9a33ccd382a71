import { describe, expect, test } from "vitest";
import { gradients } from "../autodiff/gradients.ts";
import type { RawAttributes } from "../graph/builder.ts";
import type { Value } from "../graph/graph.ts";
import type { Shape } from "../tensor/shape.ts";
import { createBuilder, type OpName } from "./registry.ts";

/** Operators of the gradient of one product, in the order in which they were added. */
function gradientOps(op: OpName, shapes: readonly Shape[], attributes: RawAttributes = {}, wrt?: number): string[] {
  const g = createBuilder();
  const inputs = shapes.map((shape, i) => g.input(`x${i}`, "float32", shape));
  const y = g.op(op, inputs, attributes);
  const seed = g.input("seed", "float32", y.shape);
  const before = g.nodes.length;
  gradients(g, y, wrt === undefined ? inputs : [inputs[wrt] as Value], { seed });
  return g.nodes.slice(before).map((node) => node.op);
}

describe("MatMul gradient", () => {
  test("of two matrices is two Gemms", () => {
    expect(
      gradientOps("MatMul", [
        [2, 3],
        [3, 4],
      ]),
    ).toEqual(["Gemm", "Gemm"]);
  });

  test("of a stack by a matrix is two Gemms on flattened rows", () => {
    expect(
      gradientOps("MatMul", [
        [2, 5, 3],
        [3, 4],
      ]).filter((op) => op !== "Reshape"),
    ).toEqual(["Gemm", "Gemm"]);
  });

  test("leaves out what is not wanted", () => {
    expect(
      gradientOps(
        "MatMul",
        [
          [2, 3],
          [3, 4],
        ],
        {},
        1,
      ),
    ).toEqual(["Gemm"]);
  });

  test("of two stacks transposes for the CPU lowering to absorb", () => {
    expect(
      gradientOps("MatMul", [
        [2, 5, 3],
        [2, 3, 4],
      ]),
    ).toEqual(["Transpose", "MatMul", "Transpose", "MatMul"]);
  });
});

test.each([
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
])("Gemm gradient with transA %i, transB %i moves no data", (transA, transB) => {
  const shapes = [transA ? [3, 2] : [2, 3], transB ? [4, 3] : [3, 4]];
  expect(gradientOps("Gemm", shapes, { transA, transB, alpha: 0.5 })).toEqual(["Gemm", "Gemm"]);
});

describe("errors", () => {
  const g = createBuilder();
  const value = (...shape: number[]): Value => g.input(`v${g.inputs.length}`, "float32", shape);

  test("MatMul names both shapes", () => {
    expect(() => g.op("MatMul", [value(2, 3), value(4, 2)])).toThrow(
      "MatMul: cannot multiply: got [2, 3] by [4, 2], the inner lengths 3 and 4 must be equal",
    );
  });

  test("Gemm refuses a C that is larger than the product", () => {
    expect(() => g.op("Gemm", [value(2, 3), value(3, 4), value(5, 2, 4)])).toThrow("must broadcast to [2, 4]");
  });

  test("FusedMatMul refuses transA by a vector, which ONNX Runtime computes wrongly", () => {
    expect(() => g.op("FusedMatMul", [value(3, 2), value(3)], { transA: 1 })).toThrow("a vector [3] on the right");
  });
});

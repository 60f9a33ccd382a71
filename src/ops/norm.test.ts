import { describe, expect, test } from "vitest";
import { gradients } from "../autodiff/gradients.ts";
import type { RawAttributes } from "../graph/builder.ts";
import type { Value } from "../graph/graph.ts";
import { compile } from "../runtime/evaluate.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { Builder } from "./operator.ts";
import { createBuilder, type OpName } from "./registry.ts";

/** Weighted sum of all outputs of an operator: unlike the case tables, which look at one output at a time. */
function lossOf(g: Builder, op: OpName, inputs: readonly Value[], attributes: RawAttributes, count: number): Value {
  return g
    .ops(op, inputs, attributes, count)
    .map((output, i) => {
      const weights = Array.from({ length: output.shape.reduce((a, b) => a * b, 1) }, (_, k) =>
        Math.sin(3 * k + i + 1),
      );
      return g.op("ReduceSum", [g.op("Mul", [output, g.constant(tensor(output.dtype, output.shape, weights))])], {
        keepdims: 0,
      });
    })
    .reduce((a, b) => g.op("Add", [a, b]));
}

describe("gradient through several outputs at once", () => {
  test.each([
    ["LayerNormalization", "float32", [[2, 3, 4], [4], [4]], { epsilon: 0.1 }, 3],
    ["SimplifiedLayerNormalization", "float32", [[3, 4], [4]], { epsilon: 0.1 }, 2],
    ["BatchNormalization", "float64", [[4, 2, 3], [2], [2], [2], [2]], { training_mode: 1, momentum: 0.25 }, 3],
  ] as const)("%s agrees with a central difference", async (op, dtype, shapes, attributes, count) => {
    const g = createBuilder();
    const inputs = shapes.map((shape, i) => g.input(`x${i}`, dtype, shape));
    const loss = lossOf(g, op, inputs, attributes, count);
    g.output("loss", loss);
    for (const [i, gradient] of gradients(g, loss, inputs).entries()) g.output(`d${i}`, gradient);
    await using compiled = await compile(g.build());

    const step = dtype === "float64" ? 1e-5 : 1e-2;
    const feeds = (sign: number): Record<string, Tensor> =>
      Object.fromEntries(
        inputs.map(({ name, shape }, i) => {
          const length = shape.reduce((a, b) => a * b, 1);
          const values = Array.from({ length }, (_, k) => Math.cos(7 * k + i) + sign * step * Math.sin(5 * k + 2 * i));
          return [name, tensor(dtype, shape, values)];
        }),
      );
    const numberOf = (value: Tensor | undefined): number => Number((value as Tensor).data[0]);
    const at = await compiled.run(feeds(0));
    const rise = numberOf((await compiled.run(feeds(1))).loss) - numberOf((await compiled.run(feeds(-1))).loss);
    let product = 0;
    for (const i of inputs.keys())
      for (const [k, element] of ((at[`d${i}`] as Tensor).data as Float64Array).entries())
        product += element * Math.sin(5 * k + 2 * i);
    expect(product).toBeCloseTo(rise / (2 * step), dtype === "float64" ? 7 : 2);
  });
});

describe("LayerNormalization", () => {
  test("refuses a scale that varies over the rows", () => {
    const g = createBuilder();
    const [x, scale] = [g.input("x", "float32", [2, 3]), g.input("scale", "float32", [2, 1])];
    expect(() => g.op("LayerNormalization", [x, scale])).toThrow(
      'LayerNormalization: cannot scale by "scale": got [2, 1], must broadcast to [3]',
    );
  });

  test("takes its statistics from the forward outputs", () => {
    const g = createBuilder();
    const [x, scale] = [g.input("x", "float32", [2, 3]), g.input("scale", "float32", [3])];
    const [y] = g.ops("LayerNormalization", [x, scale], {}, 3) as [Value];
    gradients(g, y, [x], { seed: g.input("seed", "float32", [2, 3]) });
    expect(g.nodes.some((node) => node.op === "ReduceMean" || node.op === "Sqrt")).toBe(false);
  });
});

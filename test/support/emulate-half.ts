/**
 * Computes float16 graphs as a device would: every result is rounded to float16. ONNX Runtime's CPU build has hardly any kernel in float16 and
 * converts around its float32 ones, but it also leaves out conversions that it finds superfluous, and then nothing is rounded.
 */

import type { Graph, Value } from "../../src/graph/graph.ts";
import { narrowedBy, widenedBy } from "../../src/ops/compute-type.ts";
import type { Builder } from "../../src/ops/operator.ts";
import { createBuilder, keyOf, type OpName, rawAttributes } from "../../src/ops/registry.ts";
import { toFloat32 } from "../../src/tensor/float-bits.ts";

/**
 * The same graph in float32, with arithmetic that rounds wherever there was float16.
 *
 * @param graph - Inputs and outputs must not be float16.
 */
export function emulateHalf(graph: Graph): Graph {
  const g = createBuilder(graph.name);
  g.reserve(graph.nodes.flatMap((node) => [...node.inputs, ...node.outputs].flatMap((value) => value?.name ?? [])));
  for (const input of graph.inputs) g.adopt(input);
  const emulated = new Map<Value, Value>();
  const at = (value: Value | null): Value | null => {
    if (value === null || value.dtype !== "float16") return value && (emulated.get(value) ?? value);
    if (value.constant !== undefined && !emulated.has(value)) {
      const { shape } = value;
      emulated.set(value, g.constant({ dtype: "float32", shape, data: toFloat32(value.constant) }));
    }
    return emulated.get(value) as Value;
  };
  for (const node of graph.nodes) {
    const halves = node.outputs.map((output) => output?.dtype === "float16");
    const same = narrowedBy(node) ?? widenedBy(node);
    if (same === undefined && !halves.includes(true)) {
      g.add({ ...node, inputs: node.inputs.map(at) });
      continue;
    }
    // A conversion of something else, such as a mask, into float16.
    const attributes = { ...rawAttributes(node.attributes), ...(node.op === "Cast" ? { to: 1 } : {}) };
    const key = keyOf(node.op, node.domain) as OpName;
    const results =
      same === undefined ? g.ops(key, node.inputs.map(at), attributes, node.outputs.length) : [at(same) as Value];
    for (const [i, output] of node.outputs.entries())
      if (output !== null) emulated.set(output, halves[i] ? rounded(g, results[i] as Value) : (results[i] as Value));
  }
  for (const { name, value } of graph.outputs) g.output(name, at(value) as Value);
  return g.build();
}

/**
 * The nearest float16, in float32 arithmetic. Normal numbers by Veltkamp's splitting: x·(2¹³ + 1) leaves 11 digits of x; those below 2⁻¹⁴ by
 * adding a number whose last digit is 2⁻²⁴; what rounds beyond 65504 becomes infinite.
 */
function rounded(g: Builder, x: Value): Value {
  const size = g.op("Abs", [x]);
  const c = g.op("Mul", [x, g.scalar(8193)]);
  const normal = g.op("Sub", [c, g.op("Sub", [c, x])]);
  const small = g.op("Sub", [g.op("Add", [x, g.scalar(0.75)]), g.scalar(0.75)]);
  const finite = g.op("Where", [g.op("Less", [size, g.scalar(2 ** -14)]), small, normal]);
  // x·2¹⁰⁰·2¹⁰⁰ is infinite with the sign of x; NaN is not less than anything and stays NaN in both branches.
  const infinite = g.op("Mul", [g.op("Mul", [x, g.scalar(2 ** 100)]), g.scalar(2 ** 100)]);
  return g.op("Where", [g.op("Less", [size, g.scalar(65520)]), finite, infinite]);
}

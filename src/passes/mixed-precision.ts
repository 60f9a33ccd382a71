/** Writes a forward graph so that its products work on float16, while everything it is given and gives out keeps its dtype. */

import type { Graph, Node, Value } from "../graph/graph.ts";
import { type ComputeType, computeTypeOf, converted } from "../ops/compute-type.ts";
import type { Builder } from "../ops/operator.ts";
import { createBuilder, inference, keyOf, rawAttributes } from "../ops/registry.ts";
import { fromFloat32 } from "../tensor/float-bits.ts";

/** Largest float16. */
const largest = 65504;
/** Smallest float16 with all its digits. */
const smallest = 2 ** -14;

/**
 * Mixed precision: products and convolutions compute in float16, and cheap operators behind them stay there; reductions, norms, softmax
 * and losses keep float32. Which is which is known to the operators.
 *
 * For a forward graph, before it is differentiated: conversions have a gradient, so the backward pass follows by itself, works on
 * float16 where the forward pass does, and gives gradients of parameters in float32, the dtype of the parameters themselves. Each parameter is
 * converted once. Gradients of 16 bits are lost below 6·10⁻⁸, so the loss should be scaled before differentiation (`scaledLoss`).
 *
 * A constant that float16 cannot hold (a mask of −10⁹, an epsilon of 10⁻⁸) keeps the operator that reads it in float32; a large frozen weight
 * may lose small numbers, but never overflow.
 *
 * @param graph - A forward graph in float32.
 * @param parameters - Names of the inputs that are parameters: an elementwise operator between them and float16 takes float16, while other float32
 * values, data among them, make it take float32.
 * @returns A graph with the same inputs and outputs.
 * @source Micikevicius et al., "Mixed Precision Training", 2018, https://arxiv.org/abs/1710.03740, sections 3.1 and 3.3.
 *
 * @example A product in float16 of float32 numbers
 * ```ts
 * import assert from "node:assert/strict";
 * import { printGraph } from "cameo/graph";
 * import { createBuilder } from "cameo/ops";
 * import { mixedPrecision } from "cameo/passes";
 *
 * const g = createBuilder("product");
 * const [x, w] = [g.input("x", "float32", [2, 3]), g.input("w", "float32", [3, 5])];
 * g.output("y", g.op("MatMul", [x, w]));
 * const text = printGraph(mixedPrecision(g.build(), new Set(["w"])));
 * assert.match(text, /MatMul_0 f16\[2, 5\]/);
 * assert.match(text, /output "y" = %Cast_2 f32\[2, 5\]/);
 * ```
 */
export function mixedPrecision(graph: Graph, parameters: ReadonlySet<string>): Graph {
  const g = createBuilder(graph.name);
  g.reserve(graph.nodes.flatMap((node) => [...node.inputs, ...node.outputs].flatMap((value) => value?.name ?? [])));
  for (const input of graph.inputs) g.adopt(input);
  const forms = new Forms(g);
  // What takes float16 without making anything less exact than its neighbours: parameters, masks, and what only moves them.
  const pliable = new Set(graph.inputs.filter(({ name }) => parameters.has(name)));
  for (const node of graph.nodes) {
    const type = computeTypeOf(node);
    const floats = node.inputs.filter((value) => value?.dtype === "float32") as Value[];
    const follows = (value: Value): boolean => forms.isHalf(value) || isConstant(value) || pliable.has(value);
    const scope = node.name.slice(0, Math.max(0, node.name.lastIndexOf("/")));
    g.scope(scope, () => {
      if (takesHalf(type, node, floats, forms, follows)) forms.addHalf(node);
      else forms.addSame(node);
    });
    const moves = type === "inputs" && floats.every((value) => isConstant(value) || pliable.has(value));
    const isMask = floats.length === 0 && node.inputs.every((value) => value?.dtype === "bool");
    if (moves || isMask) for (const output of node.outputs) if (output?.dtype === "float32") pliable.add(output);
  }
  for (const { name, value } of graph.outputs) g.output(name, forms.same(value));
  return g.build(graph.captured);
}

function takesHalf(
  type: ComputeType,
  node: Node,
  floats: readonly Value[],
  forms: Forms,
  follows: (value: Value) => boolean,
): boolean {
  if (type === "float32" || !node.outputs.some((output) => output?.dtype === "float32")) return false;
  if (type === "float16") return floats.every((value) => fits(value, 0));
  return (
    floats.some((value) => forms.isHalf(value)) && floats.every((value) => follows(value) && fits(value, smallest))
  );
}

function isConstant(value: Value): boolean {
  return value.constant !== undefined;
}

/** False for a constant with numbers that would become infinite, or for a single number below `least`. */
function fits({ constant }: Value, least: number): boolean {
  if (constant === undefined) return true;
  const data = constant.data as ArrayLike<number>;
  if (data.length === 1 && data[0] !== 0 && Math.abs(data[0] as number) < least) return false;
  for (let i = 0; i < data.length; i++)
    if (Math.abs(data[i] as number) > largest && Number.isFinite(data[i])) return false;
  return true;
}

/** The two forms of each value of the graph being read, made when first asked for. */
class Forms {
  readonly #g: Builder;
  /** Values in float16. */
  readonly #halves = new Map<Value, Value>();
  /** Values in float32 of those that are computed in float16; undefined until somebody wants it. */
  readonly #singles = new Map<Value, Value | undefined>();

  constructor(g: Builder) {
    this.#g = g;
  }

  /** True for values that are computed in float16. */
  isHalf(value: Value): boolean {
    return this.#singles.has(value);
  }

  /** The value in the dtype that it had. */
  same(value: Value): Value {
    if (!this.#singles.has(value)) return value;
    const single = this.#singles.get(value) ?? converted(this.#g, this.#halves.get(value) as Value, value.dtype);
    this.#singles.set(value, single);
    return single;
  }

  /** Adds a node in float16. */
  addHalf(node: Node): void {
    const inputs = node.inputs.map((value) =>
      value?.dtype === "float32" ? this.#half(value) : value && this.same(value),
    );
    const key = keyOf(node.op, node.domain) as string;
    const signatures = inference.infer(key, inputs, rawAttributes(node.attributes), node.outputs.length).outputs;
    const outputs = node.outputs.map((output, i) => {
      const dtype = signatures[i]?.dtype;
      if (output === null || dtype === undefined || dtype === output.dtype) return output;
      const half: Value = { ...output, dtype };
      this.#halves.set(output, half);
      this.#singles.set(output, undefined);
      return half;
    });
    this.#g.add({ ...node, inputs, outputs });
  }

  /** Adds a node as it was. */
  addSame(node: Node): void {
    this.#g.add({ ...node, inputs: node.inputs.map((value) => value && this.same(value)) });
  }

  #half(value: Value): Value {
    let half = this.#halves.get(value);
    if (half === undefined) {
      const { constant } = value;
      half =
        constant === undefined
          ? converted(this.#g, value, "float16")
          : this.#g.constant(fromFloat32("float16", constant.shape, constant.data as Float32Array));
      this.#halves.set(value, half);
    }
    return half;
  }
}

/**
 * The inference graph of a GPT: new tokens and the cached keys and values of earlier ones go in, logits and a longer cache
 * come out. Inputs and outputs have the names and layouts that Hugging Face's ONNX decoders use; every dimension but the
 * model's own is dynamic.
 *
 * Legend: B batch, S new tokens, P cached tokens, H heads, D head size, C width, V vocabulary.
 */

import type { Graph, Value } from "../graph/graph.ts";
import { flattenParameters } from "../nn/layer.ts";
import type { Builder } from "../ops/operator.ts";
import { createBuilder } from "../ops/registry.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { GptModel } from "./gpt.ts";

/** Sizes with which the graph is built. It holds no trace of them: a test builds it with others and compares the bytes. */
export interface DecoderExample {
  readonly batch: number;
  readonly sequence: number;
  readonly past: number;
}

/** A decoder's graph and the symbolic shapes under which it is written. */
export interface DecoderGraph {
  readonly graph: Graph;
  readonly dynamicShapes: Readonly<Record<string, readonly (number | string)[]>>;
}

/**
 * Builds the decoder of a GPT.
 *
 * @shape input_ids [B, S] int64, attention_mask [B, P+S] int64 (1 for tokens, 0 for padding), position_ids [B, S] int64,
 * past_key_values.N.key and .value [B, H, P, D] → logits [B, S, V], present.N.key and .value [B, H, P+S, D]
 * @param model - The model; its bias, norm and tying are those of training.
 * @param weights - Tensors by parameter path, to become part of the graph; when absent, parameters are inputs, by path.
 * @param example - Sizes to build with.
 */
export function decoderGraph(
  model: GptModel,
  weights: ReadonlyMap<string, Tensor> | null,
  example: DecoderExample = { batch: 1, sequence: 2, past: 3 },
): DecoderGraph {
  const { layers, heads, width } = model.config;
  const size = width / heads;
  const { batch, sequence, past } = example;
  const g = createBuilder("gpt-decoder");
  const dynamicShapes: Record<string, (number | string)[]> = {};
  const input = (name: string, dtype: "int64" | "float32", shape: Shape, symbols: (number | string)[]): Value => {
    dynamicShapes[name] = symbols;
    return g.input(name, dtype, shape);
  };
  const tokens = input("input_ids", "int64", [batch, sequence], ["batch_size", "sequence_length"]);
  const mask = input("attention_mask", "int64", [batch, past + sequence], ["batch_size", "total_sequence_length"]);
  const positions = input("position_ids", "int64", [batch, sequence], ["batch_size", "sequence_length"]);
  const cacheSymbols = ["batch_size", heads, "past_sequence_length", size];
  const cached = Array.from({ length: layers }, (_, i) =>
    (["key", "value"] as const).map((kind) =>
      input(`past_key_values.${i}.${kind}`, "float32", [batch, heads, past, size], cacheSymbols),
    ),
  ) as [Value, Value][];

  const parameters = flattenParameters(model.parameters);
  const known = new Map<string, Value>();
  for (const [path, { dtype, shape }] of parameters) {
    const tensor = weights?.get(path);
    known.set(path, tensor === undefined ? g.input(path, dtype, shape) : g.constant(tensor, path));
  }
  const weight = (path: string): Value => known.get(path) as Value;
  const linear = (x: Value, path: string): Value => {
    const product = g.op("MatMul", [x, g.op("Transpose", [weight(`${path}.weight`)], { perm: [1, 0] })]);
    return known.has(`${path}.bias`) ? g.op("Add", [product, weight(`${path}.bias`)]) : product;
  };
  const norm = (x: Value, path: string): Value => {
    const bias = known.get(`${path}.bias`);
    const inputs = [x, weight(`${path}.weight`), ...(bias === undefined ? [] : [bias])];
    return g.op("LayerNormalization", inputs, { axis: -1, epsilon: 1e-5 });
  };
  const split = (x: Value): Value =>
    g.op("Transpose", [g.op("Reshape", [x, g.ints([0, 0, heads, size])])], { perm: [0, 2, 1, 3] });

  const bias = attentionBias(g, mask, positions);
  let x = g.op("Add", [
    g.op("Gather", [weight("wte.weight"), tokens], { axis: 0 }),
    g.op("Gather", [weight("wpe.weight"), positions], { axis: 0 }),
  ]);
  for (const [i, [pastKey, pastValue]] of cached.entries()) {
    const at = `blocks.${i}`;
    const qkv = linear(norm(x, `${at}.ln1`), `${at}.attention.qkv`);
    const [q, k, v] = g.ops("Split", [qkv, g.ints([width, width, width])], { axis: -1 }, 3) as [Value, Value, Value];
    const key = g.op("Concat", [pastKey, split(k)], { axis: 2 });
    const value = g.op("Concat", [pastValue, split(v)], { axis: 2 });
    const product = g.op("MatMul", [split(q), g.op("Transpose", [key], { perm: [0, 1, 3, 2] })]);
    const scores = g.op("Add", [g.op("Mul", [product, g.scalar(1 / Math.sqrt(size))]), bias]);
    const mixed = g.op("MatMul", [g.op("Softmax", [scores], { axis: -1 }), value]);
    const merged = g.op("Reshape", [g.op("Transpose", [mixed], { perm: [0, 2, 1, 3] }), g.ints([0, 0, width])]);
    x = g.op("Add", [x, linear(merged, `${at}.attention.output`)]);
    const hidden = g.op("Gelu", [linear(norm(x, `${at}.ln2`), `${at}.mlp.up`)], { approximate: "none" });
    x = g.op("Add", [x, linear(hidden, `${at}.mlp.down`)]);
    for (const [kind, present] of [
      ["key", key],
      ["value", value],
    ] as const) {
      const name = `present.${i}.${kind}`;
      g.output(name, present);
      dynamicShapes[name] = ["batch_size", heads, "total_sequence_length", size];
    }
  }
  g.output("logits", g.op("MatMul", [norm(x, "norm"), g.op("Transpose", [weight("wte.weight")], { perm: [1, 0] })]));
  dynamicShapes.logits = ["batch_size", "sequence_length", model.config.vocabulary];
  return { graph: g.build(), dynamicShapes };
}

/** [B, 1, S, P+S]: 0 where a query may look, a large negative number where the key is padding or comes later. */
function attentionBias(g: Builder, mask: Value, positions: Value): Value {
  // The position of a key is the number of tokens before it: padding does not count, wherever it stands.
  const keys = g.op("Sub", [g.op("CumSum", [mask, g.scalar(1, "int64")]), g.scalar(1, "int64")]);
  const [keyRow, maskRow] = [keys, mask].map((value) => g.op("Unsqueeze", [value, g.ints([1, 2])])) as [Value, Value];
  const queries = g.op("Unsqueeze", [positions, g.ints([1, 3])]);
  const seen = g.op("And", [g.op("LessOrEqual", [keyRow, queries]), g.op("Cast", [maskRow], { to: 9 })]);
  const hidden = g.op("Sub", [g.scalar(1), g.op("Cast", [seen], { to: 1 })]);
  return g.op("Mul", [hidden, g.scalar(-1e9)]);
}

/**
 * A decoder-only transformer, as GPT-2 and nanoGPT define it.
 *
 * Legend: T context, B batch, C width, V vocabulary. Tokens and labels are fed sequence first, flat [T·B], position by position.
 */

import { explain } from "../base/errors.ts";
import type { Value } from "../graph/graph.ts";
import { attention } from "../nn/attention.ts";
import { crossEntropy } from "../nn/cross-entropy.ts";
import { dropout } from "../nn/dropout.ts";
import { embedding } from "../nn/embedding.ts";
import { normal } from "../nn/initialize.ts";
import { type Layer, layer } from "../nn/layer.ts";
import { layerNorm } from "../nn/layer-norm.ts";
import { mlp } from "../nn/mlp.ts";
import type { Model } from "../train/model.ts";

/** Options of {@link gpt}: everything that decides the shape of the model. */
export interface GptOptions {
  /** Blocks. */
  readonly layers: number;
  /** Attention heads; divides `width`. */
  readonly heads: number;
  /** Size C of the residual stream. */
  readonly width: number;
  /** Longest sequence T that the model sees [tokens]. */
  readonly context: number;
  /** Tokens that the tokenizer knows, V. */
  readonly vocabulary: number;
  /**
   * Biases in linear layers and norms.
   * @defaultValue false, as nanoGPT
   */
  readonly bias?: boolean;
  /**
   * Dropout on embeddings, attention weights and residual branches, [0, 1).
   * @defaultValue 0
   */
  readonly dropout?: number;
}

/** A GPT ready for `train`, with its options filled in. */
export interface GptModel extends Model {
  readonly name: "gpt";
  readonly config: Required<GptOptions> & Readonly<Record<string, unknown>>;
}

/**
 * A GPT: token and learnt position embeddings, pre-norm blocks of causal attention and a 4× GELU MLP, a final norm, and
 * an output head that shares the token embedding. Initialised as nanoGPT: N(0, 0.02), residual projections N(0, 0.02/√(2·layers)).
 *
 * @shape tokens [context·batch] int32, labels [context·batch] int32, both position by position → loss []
 * @param options - See {@link GptOptions}.
 * @returns The model.
 * @throws RangeError if a size is not a positive integer or the heads do not divide the width.
 * @source Radford et al., "Language Models are Unsupervised Multitask Learners", 2019; sizes and initialisation after nanoGPT.
 *
 * @example A small one
 * ```ts
 * import assert from "node:assert/strict";
 * import { gpt } from "cameo/text";
 * import { countParameters } from "cameo/nn";
 *
 * const model = gpt({ layers: 4, heads: 4, width: 128, context: 64, vocabulary: 65 });
 * assert.equal(countParameters(model.parameters), 804_096);
 * ```
 */
export function gpt(options: GptOptions): GptModel {
  const config = { bias: false, dropout: 0, ...options };
  for (const name of ["layers", "heads", "width", "context", "vocabulary"] as const)
    if (!Number.isInteger(config[name]) || config[name] < 1)
      throw new RangeError(
        explain({
          api: "gpt",
          action: `use ${name}`,
          received: `got ${config[name]}`,
          rule: "must be a positive integer",
        }),
      );
  const body = gptBody(config);
  return {
    name: "gpt",
    config,
    parameters: body.parameters,
    inputs: (batchSize) => {
      const shape = [config.context * batchSize];
      return { tokens: { dtype: "int32", shape }, labels: { dtype: "int32", shape } };
    },
    tokens: (batchSize) => config.context * batchSize,
    segmentOf: (nodeName) => /^blocks\.\d+/.exec(nodeName)?.[0] ?? null,
    loss: (scope, { tokens, labels }) => crossEntropy(scope.g, body.apply(scope, tokens as Value), labels as Value),
  };
}

/**
 * Rows of sequences as the model takes them: position by position.
 *
 * @shape rows [batch·context], row by row → [context·batch]
 * @param rows - Tokens or labels.
 * @param batchSize - Number of rows.
 * @returns A new array.
 */
export function sequenceFirst(rows: Int32Array, batchSize: number): Int32Array {
  const context = rows.length / batchSize;
  const turned = new Int32Array(rows.length);
  for (let row = 0; row < batchSize; row++)
    for (let position = 0; position < context; position++)
      turned[position * batchSize + row] = rows[row * context + position] as number;
  return turned;
}

/** Tokens [T·B] → logits [T·B, V]. */
function gptBody(config: Required<GptOptions>): Layer {
  const { layers, heads, width, context, vocabulary, bias } = config;
  const weight = normal({ mean: 0, std: 0.02 });
  const residual = normal({ mean: 0, std: 0.02 / Math.sqrt(2 * layers) });
  const drop = config.dropout > 0 ? dropout(config.dropout) : null;
  const dropped = (layer: unknown, x: Value) => (layer === null ? x : (layer as (input: Value) => Value)(x));

  const block = (): Layer =>
    layer(
      {
        ln1: layerNorm(width, { bias }),
        attention: attention({ width, heads, bias, dropout: config.dropout, weight, outputWeight: residual }),
        ln2: layerNorm(width, { bias }),
        mlp: mlp({ inputs: width, hidden: 4 * width, bias, weight, outputWeight: residual }),
        dropout1: drop,
        dropout2: drop,
      },
      (use, x, { g }) => {
        const attended = g.op("Add", [x, dropped(use.dropout1, use.attention(use.ln1(x)))]);
        return g.op("Add", [attended, dropped(use.dropout2, use.mlp(use.ln2(attended)))]);
      },
    );

  return layer(
    {
      wte: embedding({ count: vocabulary, size: width, weight }),
      wpe: embedding({ count: context, size: width, weight }),
      dropout: drop,
      blocks: Array.from({ length: layers }, block),
      norm: layerNorm(width, { bias }),
    },
    (use, tokens, scope) => {
      const { g } = scope;
      const batch = (tokens.shape[0] as number) / context;
      const embedded = g.op("Reshape", [use.wte(tokens), g.ints([context, batch, width])]);
      // Sequence first: position t is row t, so the whole table broadcasts over the batch and needs no lookup.
      const positions = g.op("Reshape", [scope.child("wpe").parameter("weight"), g.ints([context, 1, width])]);
      let x = dropped(use.dropout, g.op("Add", [embedded, positions]));
      for (const apply of use.blocks) x = apply(x);
      const rows = g.op("Reshape", [use.norm(x), g.ints([context * batch, width])]);
      return g.op("Gemm", [rows, scope.child("wte").parameter("weight")], { transB: 1 });
    },
  );
}

/**
 * Multi-head self-attention.
 *
 * Legend: T sequence, B batch, C width, H query heads, K key/value heads, D head size. Activations are sequence first, [T, B, C]: the
 * heads of [T, B·H, D] then become the batch of a matrix product by swapping the first two axes, which the CPU does inside
 * the product instead of in a copy.
 */

import { explain } from "../base/errors.ts";
import type { Value } from "../graph/graph.ts";
import type { Builder } from "../ops/operator.ts";
import { tensor } from "../tensor/tensor.ts";
import { dropout } from "./dropout.ts";
import type { Initializer, Layer } from "./layer.ts";
import { layer } from "./layer.ts";
import { linear } from "./linear.ts";

/** Options of {@link attention}. */
export interface AttentionOptions {
  /** Width C of the input and the output. */
  readonly width: number;
  /** Query heads H; divides `width`. */
  readonly heads: number;
  /**
   * Key and value heads K, for grouped-query attention; divides `heads`.
   * @defaultValue `heads`
   */
  readonly keyValueHeads?: number;
  /**
   * Each position sees itself and what came before it.
   * @defaultValue true
   */
  readonly causal?: boolean;
  /**
   * Rotary position embedding with this base frequency (10,000 in the paper), or `null` for none.
   * @defaultValue null
   */
  readonly rotaryBase?: number | null;
  /**
   * Biases of the two projections.
   * @defaultValue true
   */
  readonly bias?: boolean;
  /**
   * Probability of dropping an attention weight, [0, 1).
   * @defaultValue 0
   */
  readonly dropout?: number;
  /** Initialiser of the projection of queries, keys and values. */
  readonly weight?: Initializer;
  /** Initialiser of the output projection. */
  readonly outputWeight?: Initializer;
}

/**
 * Multi-head scaled dot-product self-attention, optionally causal, grouped-query and rotary.
 *
 * Parameters: `qkv.weight` [(H + 2K)·D, C] (queries, keys, values stacked, as GPT-2 and nanoGPT do), `output.weight` [C, C].
 *
 * ```text
 * softmax(Q·Kᵀ / √D + mask) · V
 * ```
 *
 * @shape x [sequence, batch, width] → [sequence, batch, width]
 * @param options - See {@link AttentionOptions}.
 * @throws RangeError if the heads do not divide as they must, or a rotary head size is odd.
 * @source Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762, eq. 1; Su et al., "RoFormer", 2021,
 * https://arxiv.org/abs/2104.09864, eq. 34; Ainslie et al., "GQA", 2023, https://arxiv.org/abs/2305.13245.
 */
export function attention(options: AttentionOptions): Layer {
  const { width, heads, causal = true, rotaryBase = null, bias = true } = options;
  const keyValueHeads = options.keyValueHeads ?? heads;
  const refuse = (received: string, rule: string): never => {
    throw new RangeError(explain({ api: "attention", action: "split heads", received, rule }));
  };
  if (!Number.isInteger(width / heads)) refuse(`got width ${width} and ${heads} heads`, "heads must divide width");
  if (!Number.isInteger(heads / keyValueHeads))
    refuse(`got ${heads} heads and ${keyValueHeads} key-value heads`, "key-value heads must divide heads");
  const size = width / heads;
  if (rotaryBase !== null && size % 2 !== 0) refuse(`got head size ${size}`, "rotary embedding needs an even one");
  const weightOf = (initializer: Initializer | undefined) => (initializer === undefined ? {} : { weight: initializer });

  return layer(
    {
      qkv: linear({ inputs: width, outputs: (heads + 2 * keyValueHeads) * size, bias, ...weightOf(options.weight) }),
      output: linear({ inputs: width, outputs: width, bias, ...weightOf(options.outputWeight) }),
      dropout: (options.dropout ?? 0) > 0 ? dropout(options.dropout as number) : null,
    },
    (parts, x, { g }) => {
      const [sequence, batch] = x.shape as [number, number, number];
      const sizes = [heads * size, keyValueHeads * size, keyValueHeads * size];
      const [q, k, v] = g.ops("Split", [parts.qkv(x), g.ints(sizes)], { axis: -1 }, 3) as [Value, Value, Value];
      const byHead = (value: Value, count: number) => g.op("Reshape", [value, g.ints([sequence, batch * count, size])]);
      const turned = (value: Value) => (rotaryBase === null ? value : rotate(g, value, rotaryBase));
      const repeated = (value: Value) => repeatHeads(g, value, batch, keyValueHeads, heads);
      const headFirst = (value: Value) => g.op("Transpose", [value], { perm: [1, 0, 2] });

      const query = headFirst(turned(byHead(q, heads)));
      const key = headFirst(repeated(turned(byHead(k, keyValueHeads))));
      const value = headFirst(repeated(byHead(v, keyValueHeads)));
      const keyTransposed = g.op("Transpose", [key], { perm: [0, 2, 1] });
      let scores = g.op("Mul", [g.op("MatMul", [query, keyTransposed]), g.scalar(1 / Math.sqrt(size), x.dtype)]);
      if (causal) scores = g.op("Add", [scores, causalMask(g, sequence, x)]);
      let weights = g.op("Softmax", [scores], { axis: -1 });
      if (parts.dropout !== null) weights = (parts.dropout as (input: Value) => Value)(weights);
      const mixed = headFirst(g.op("MatMul", [weights, value]));
      return parts.output(g.op("Reshape", [mixed, g.ints([sequence, batch, width])]));
    },
  );
}

/** Masks by length and dtype, once for all blocks of a graph. */
const masks = new WeakMap<Builder, Map<string, Value>>();

/** [T, T]: 0 where the key is not after the query and a large negative number elsewhere (not −∞: −∞ − −∞ is NaN). */
function causalMask(g: Builder, sequence: number, like: Value): Value {
  let known = masks.get(g);
  if (known === undefined) {
    known = new Map();
    masks.set(g, known);
  }
  const key = `${sequence},${like.dtype}`;
  let mask = known.get(key);
  if (mask === undefined) {
    const values = new Float32Array(sequence * sequence);
    for (let query = 0; query < sequence; query++)
      values.fill(-1e9, query * sequence + query + 1, (query + 1) * sequence);
    mask = g.constant(tensor(like.dtype, [sequence, sequence], values));
    known.set(key, mask);
  }
  return mask;
}

/** Each key/value head once for every query head of its group: [T, B·K, D] → [T, B·H, D]. */
function repeatHeads(g: Builder, value: Value, batch: number, from: number, to: number): Value {
  if (from === to) return value;
  const [sequence, , size] = value.shape as [number, number, number];
  const grouped = g.op("Reshape", [value, g.ints([sequence, batch * from, 1, size])]);
  const expanded = g.op("Expand", [grouped, g.ints([sequence, batch * from, to / from, size])]);
  return g.op("Reshape", [expanded, g.ints([sequence, batch * to, size])]);
}

/** Rotary embedding in the half-split form (Llama, GPT-NeoX): pairs are elements i and i + D/2. */
function rotate(g: Builder, value: Value, base: number): Value {
  const [sequence, , size] = value.shape as [number, number, number];
  const half = size / 2;
  const cos = new Float32Array(sequence * size);
  const sin = new Float32Array(sequence * size);
  for (let position = 0; position < sequence; position++)
    for (let i = 0; i < half; i++) {
      const angle = position * base ** (-i / half);
      for (const at of [position * size + i, position * size + i + half]) {
        cos[at] = Math.cos(angle);
        sin[at] = Math.sin(angle);
      }
    }
  const [first, second] = g.ops("Split", [value], { axis: -1, num_outputs: 2 }, 2) as [Value, Value];
  const turned = g.op("Concat", [g.op("Neg", [second]), first], { axis: -1 });
  const table = (values: Float32Array) => g.constant(tensor(value.dtype, [sequence, 1, size], values));
  return g.op("Add", [g.op("Mul", [value, table(cos)]), g.op("Mul", [turned, table(sin)])]);
}

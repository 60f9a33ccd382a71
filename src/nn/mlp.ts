import type { Value } from "../graph/graph.ts";
import { requirePositive } from "./_check.ts";
import { type Activation, activation } from "./activations.ts";
import { dropout } from "./dropout.ts";
import { type Initializer, type Layer, layer } from "./layer.ts";
import { linear } from "./linear.ts";

/** Options of {@link mlp}. */
export interface MlpOptions {
  /** Length of the input's last axis. */
  readonly inputs: number;
  /** Length of the axis between the two linear layers: in transformers four times the width, gated ones two thirds of that. */
  readonly hidden: number;
  /**
   * Length of the output's last axis.
   * @defaultValue `inputs`
   */
  readonly outputs?: number;
  /**
   * Function in the middle.
   * @defaultValue "gelu"
   */
  readonly activation?: Activation;
  /**
   * Multiplies `up` by the activation of a third linear layer, `gate`: with `"silu"` this is SwiGLU, with `"gelu"` GEGLU.
   * @defaultValue false
   */
  readonly gated?: boolean;
  /**
   * Biases of the linear layers.
   * @defaultValue true
   */
  readonly bias?: boolean;
  /**
   * Probability of dropping an element of the output, [0, 1).
   * @defaultValue 0
   */
  readonly dropout?: number;
  /**
   * Initialiser of `up` and `gate`.
   * @defaultValue kaimingUniform()
   */
  readonly weight?: Initializer;
  /**
   * Initialiser of `down`.
   * @defaultValue kaimingUniform()
   */
  readonly outputWeight?: Initializer;
}

/**
 * Two linear layers with a function between them: the feed-forward part of a transformer, or a small classifier.
 *
 * ```text
 * down(activation(up(x)))                    gated: down(activation(gate(x)) · up(x))
 * ```
 *
 * @shape x [..., inputs] → [..., outputs]
 * @param options - See {@link MlpOptions}.
 * @returns The layer, with parts `up`, `down` and, if gated, `gate`.
 * @throws RangeError if a size is not a positive integer or the dropout rate is out of range.
 * @source For the gated form: Shazeer, "GLU Variants Improve Transformer", 2020, https://arxiv.org/abs/2002.05202, eq. 6.
 *
 * @example SwiGLU as in Llama
 * ```ts
 * import assert from "node:assert/strict";
 * import { flattenParameters, mlp } from "cameo/nn";
 *
 * const block = mlp({ inputs: 8, hidden: 24, activation: "silu", gated: true, bias: false });
 * assert.deepEqual([...flattenParameters(block.parameters).keys()], ["gate.weight", "up.weight", "down.weight"]);
 * ```
 */
export function mlp(options: MlpOptions): Layer {
  const { inputs, hidden, outputs = inputs, gated = false, bias = true } = options;
  requirePositive("mlp", { inputs, hidden, outputs });
  const widen = () => linear({ inputs, outputs: hidden, bias, ...weightOf(options.weight) });
  return layer(
    {
      gate: gated ? widen() : null,
      up: widen(),
      activation: activation(options.activation ?? "gelu"),
      down: linear({ inputs: hidden, outputs, bias, ...weightOf(options.outputWeight) }),
      dropout: dropout(options.dropout ?? 0),
    },
    (parts, x: Value, { g }) => {
      const gate = parts.gate as ((input: Value) => Value) | null;
      const inner =
        gate === null ? parts.activation(parts.up(x)) : g.op("Mul", [parts.activation(gate(x)), parts.up(x)]);
      return parts.dropout(parts.down(inner));
    },
  );
}

function weightOf(initializer: Initializer | undefined): { weight?: Initializer } {
  return initializer === undefined ? {} : { weight: initializer };
}

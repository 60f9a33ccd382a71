import type { Value } from "../graph/graph.ts";
import { requireLastAxis, requirePositive, requireThat } from "./_check.ts";
import { ones, zeros } from "./initialize.ts";
import { type Layer, layer, parameter } from "./layer.ts";

/** Options of {@link layerNorm}. */
export interface LayerNormOptions {
  /**
   * Shifts the result by a learnt vector, which starts at 0.
   * @defaultValue true
   */
  readonly bias?: boolean;
  /**
   * Added to the variance, positive.
   * @defaultValue 1e-5
   */
  readonly epsilon?: number;
}

/**
 * Normalises each vector along the last axis to mean 0 and variance 1, then scales and shifts it.
 *
 * ```text
 * y = (x − mean)/√(variance + epsilon) · weight + bias
 * ```
 *
 * @shape x [..., size] → [..., size]; weight [size], bias [size]
 * @param size - Length of the last axis.
 * @param options - See {@link LayerNormOptions}.
 * @returns The layer, with parameters `weight` and `bias`.
 * @throws RangeError if `size` is not a positive integer or `epsilon` not positive. ShapeError when applied to an input whose
 * last axis is not `size`.
 * @source Ba, Kiros and Hinton, "Layer Normalization", 2016, https://arxiv.org/abs/1607.06450, eq. 3 and 4.
 */
export function layerNorm(size: number, options: LayerNormOptions = {}): Layer {
  const { bias = true, epsilon = 1e-5 } = options;
  requirePositive("layerNorm", { size });
  requireThat(epsilon > 0, "layerNorm", "epsilon", epsilon, "must be positive");
  return layer(
    { weight: parameter([size], ones()), bias: bias ? parameter([size], zeros()) : null },
    (parts, x: Value, scope) => {
      requireLastAxis("layerNorm", scope, x, size);
      const inputs = parts.bias === null ? [x, parts.weight] : [x, parts.weight, parts.bias];
      // The gradient takes mean and inverse deviation from the node, if it gives them.
      const outputs = scope.g.ops("LayerNormalization", inputs, { axis: -1, epsilon }, scope.training ? 3 : 1);
      return outputs[0] as Value;
    },
  );
}

import type { Value } from "../graph/graph.ts";
import { sizeOf } from "../tensor/shape.ts";
import { requireLastAxis, requirePositive } from "./_check.ts";
import { reshape } from "./_reshape.ts";
import { kaimingUniform, uniformBias } from "./initialize.ts";
import { type Initializer, type Layer, layer, parameter } from "./layer.ts";

/** Options of {@link linear}. */
export interface LinearOptions {
  /** Length of the input's last axis. */
  readonly inputs: number;
  /** Length of the output's last axis. */
  readonly outputs: number;
  /**
   * Adds a learnt vector, which starts uniform in ±1/√inputs.
   * @defaultValue true
   */
  readonly bias?: boolean;
  /**
   * Initialiser of the weight.
   * @defaultValue kaimingUniform(), as in PyTorch: uniform in ±1/√inputs
   */
  readonly weight?: Initializer;
}

/**
 * Multiplies each vector along the last axis by a learnt matrix: y = x·weightᵀ + bias.
 *
 * All leading axes are taken together, so the product is one 2-D `Gemm` whatever the input's shape.
 *
 * @shape x [..., inputs] → [..., outputs]; weight [outputs, inputs], bias [outputs]
 * @param options - See {@link LinearOptions}.
 * @returns The layer, with parameters `weight` and `bias`.
 * @throws RangeError if a size is not a positive integer. ShapeError when applied to an input whose last axis is not `inputs`.
 *
 * @example Parameters are stored as PyTorch stores them
 * ```ts
 * import assert from "node:assert/strict";
 * import { flattenParameters, linear } from "cameo/nn";
 *
 * const parameters = flattenParameters(linear({ inputs: 3, outputs: 2 }).parameters);
 * assert.deepEqual(parameters.get("weight")?.shape, [2, 3]);
 * ```
 */
export function linear(options: LinearOptions): Layer {
  const { inputs, outputs, bias = true, weight = kaimingUniform() } = options;
  requirePositive("linear", { inputs, outputs });
  return layer(
    {
      weight: parameter([outputs, inputs], weight),
      bias: bias ? parameter([outputs], uniformBias(inputs)) : null,
    },
    (parts, x: Value, scope) => {
      requireLastAxis("linear", scope, x, inputs);
      const { g } = scope;
      const leading = x.shape.slice(0, -1);
      const rows = reshape(g, x, [sizeOf(leading), inputs]);
      const product = g.op("Gemm", parts.bias === null ? [rows, parts.weight] : [rows, parts.weight, parts.bias], {
        transB: 1,
      });
      return reshape(g, product, [...leading, outputs]);
    },
  );
}

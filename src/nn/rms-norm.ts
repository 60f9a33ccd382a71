import type { Value } from "../graph/graph.ts";
import type { Builder } from "../ops/operator.ts";
import { requireLastAxis, requirePositive, requireThat } from "./_check.ts";
import { ones } from "./initialize.ts";
import { type Layer, layer, parameter } from "./layer.ts";

/** Options of {@link rmsNorm}. */
export interface RmsNormOptions {
  /**
   * Added to the mean square, positive. PyTorch's default is the float32 machine epsilon; trained models come with theirs.
   * @defaultValue 1e-6
   */
  readonly epsilon?: number;
}

/**
 * Divides each vector along the last axis by its root mean square, then scales it. As good as {@link layerNorm} in
 * transformers, and cheaper: nothing is subtracted.
 *
 * ```text
 * y = x/√(mean(x²) + epsilon) · weight
 * ```
 *
 * @shape x [..., size] → [..., size]; weight [size]
 * @param size - Length of the last axis.
 * @param options - See {@link RmsNormOptions}.
 * @returns The layer, with the parameter `weight`.
 * @throws RangeError if `size` is not a positive integer or `epsilon` not positive. ShapeError when applied to an input whose
 * last axis is not `size`.
 * @source Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019, https://arxiv.org/abs/1910.07467, eq. 4.
 */
export function rmsNorm(size: number, options: RmsNormOptions = {}): Layer {
  const { epsilon = 1e-6 } = options;
  requirePositive("rmsNorm", { size });
  requireThat(epsilon > 0, "rmsNorm", "epsilon", epsilon, "must be positive");
  return layer({ weight: parameter([size], ones()) }, ({ weight }, x: Value, scope) => {
    requireLastAxis("rmsNorm", scope, x, size);
    // One node where the graph is ours to run; where it may be exported, standard operators, which ONNX Runtime fuses
    // into that same node.
    if (scope.training) return scope.g.op("SimplifiedLayerNormalization", [x, weight], { axis: -1, epsilon });
    return composed(scope.g, x, weight, epsilon);
  });
}

/** In the very form that ONNX Runtime's fusion looks for: Pow, not Mul, and Div, not a product with the reciprocal. */
function composed(g: Builder, x: Value, weight: Value, epsilon: number): Value {
  const meanSquare = g.op("ReduceMean", [g.op("Pow", [x, g.scalar(2, x.dtype)]), g.ints([-1])]);
  const root = g.op("Sqrt", [g.op("Add", [meanSquare, g.scalar(epsilon, x.dtype)])]);
  return g.op("Mul", [g.op("Div", [x, root]), weight]);
}

import type { Value } from "../graph/graph.ts";
import { failInput, requirePositive } from "./_check.ts";
import { normal } from "./initialize.ts";
import { type Initializer, type Layer, layer, parameter } from "./layer.ts";

/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** Number of vectors: indices are in [0, count). */
  readonly count: number;
  /** Length of each vector. */
  readonly size: number;
  /**
   * Initialiser of the table.
   * @defaultValue normal(), as in PyTorch
   */
  readonly weight?: Initializer;
}

/**
 * Looks up a learnt vector for each index: tokens, positions, categories.
 *
 * An index outside [0, count) is only found when the graph runs, where ONNX Runtime refuses it.
 *
 * @shape x [...] int32 or int64 → [..., size]; weight [count, size]
 * @param options - See {@link EmbeddingOptions}.
 * @returns The layer, with the parameter `weight`.
 * @throws RangeError if a size is not a positive integer. ShapeError when applied to something that is no index.
 */
export function embedding(options: EmbeddingOptions): Layer {
  const { count, size, weight = normal() } = options;
  requirePositive("embedding", { count, size });
  return layer({ weight: parameter([count, size], weight) }, (parts, x: Value, scope) => {
    if (x.dtype !== "int32" && x.dtype !== "int64") failInput("embedding", scope, x, "indices must be int32 or int64");
    return scope.g.op("Gather", [parts.weight, x], { axis: 0 });
  });
}

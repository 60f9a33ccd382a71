/** Pieces that the rules for WebGPU share. */

import type { Value } from "../graph/graph.ts";
import type { DType } from "../tensor/dtype.ts";
import { tensor } from "../tensor/tensor.ts";
import type { Builder } from "./operator.ts";

/** The largest finite number of a float dtype. */
export function widestFloat(dtype: DType): number {
  if (dtype === "float16") return 65504;
  return dtype === "float64" ? Number.MAX_VALUE : 3.4028234663852886e38;
}

/** The constant 0, 1, …, length − 1. */
export function countTo(g: Builder, length: number, dtype: "int32" | "int64"): Value {
  return g.constant(
    tensor(
      dtype,
      [length],
      Array.from({ length }, (_, i) => i),
    ),
  );
}

import type { Value } from "../graph/graph.ts";
import { type Layer, layer } from "./layer.ts";

/**
 * Applies layers one after another.
 *
 * @shape x, whatever the first layer takes → what the last gives
 * @param layers - A list, whose layers are named `"0"`, `"1"`, …, as PyTorch names them; or a record, whose layers keep
 * their names and its order.
 * @returns The layer; without layers, the identity.
 *
 * @example Names of parameters
 * ```ts
 * import assert from "node:assert/strict";
 * import { flattenParameters, linear, relu, sequential } from "cameo/nn";
 *
 * const model = sequential([linear({ inputs: 2, outputs: 8 }), relu(), linear({ inputs: 8, outputs: 1, bias: false })]);
 * assert.deepEqual([...flattenParameters(model.parameters).keys()], ["0.weight", "0.bias", "2.weight"]);
 * ```
 */
export function sequential(layers: readonly Layer[] | Readonly<Record<string, Layer>>): Layer {
  const parts: Record<string, Layer> = Object.fromEntries(Object.entries(layers));
  return layer(parts, (used, x: Value) => Object.values(used).reduce((value, apply) => apply(value), x));
}

/** Weight decay as optimizers share it: which parameters, and in what form. */

import type { Value } from "../graph/graph.ts";
import type { Builder } from "../ops/operator.ts";
import type { ParameterSpec, Transform } from "./transform.ts";

/** Picks the parameters that decay. */
export type DecayMask = (parameter: ParameterSpec) => boolean;

/** `value + factor·parameter`. */
export function addScaled(g: Builder, value: Value, parameter: Value, factor: Value): Value {
  return g.op("Add", [value, g.op("Mul", [parameter, factor])]);
}

/** `decayed` for the parameters that the mask picks and `plain` for the others; `decayed` for all without a mask. */
export function masked(decayed: Transform, plain: () => Transform, mask: DecayMask | undefined): Transform {
  if (mask === undefined) return decayed;
  const others = plain();
  return { ...decayed, forParameter: (parameter) => (mask(parameter) ? decayed : others) };
}

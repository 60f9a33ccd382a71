/** Random proportions: Dirichlet and beta variates. */

import type { Draw } from "../transform.ts";

/**
 * A gamma variate of the given shape and scale 1.
 *
 * @source Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", 2000; shapes below 1 by their remark in section 6.
 */
function drawGamma(shape: number, draw: Draw): number {
  if (shape < 1) return drawGamma(shape + 1, draw) * (1 - draw.uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = draw.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - draw.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** `count` proportions that add up to 1, each with the concentration `alpha`. */
export function drawDirichlet(alpha: number, count: number, draw: Draw): number[] {
  const parts = Array.from({ length: count }, () => drawGamma(alpha, draw));
  const total = parts.reduce((sum, part) => sum + part, 0);
  // Tiny alphas underflow: then one part has it all.
  return total > 0 ? parts.map((part) => part / total) : parts.map((_, i) => (i === 0 ? 1 : 0));
}

/** A beta variate of two equal parameters, in [0, 1]. */
export function drawBeta(alpha: number, draw: Draw): number {
  return drawDirichlet(alpha, 2, draw)[0] as number;
}

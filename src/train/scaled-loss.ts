/** Differentiation of a loss times a scale, so that small gradients do not vanish in float16. The host's part is `loss-scale.ts`. */

import { gradients } from "../autodiff/gradients.ts";
import type { Value } from "../graph/graph.ts";
import type { Builder } from "../ops/operator.ts";

/** Name of the input with the scale of the loss, a float32 scalar. */
export const scaleInput = "lossScale";
/**
 * Name of the output that is a finite number if and only if every gradient is, a float32 scalar: where it is not, the update must not be
 * taken. The host tests it, because shaders may assume that NaN does not exist.
 */
export const checkOutput = "gradientSum";

/**
 * What a step computes in: float32, or float16 where that is safe, with parameters, gradients and optimizer in float32 and a scaled loss.
 */
export type Precision = "float32" | "mixed";

/** How the gradients of a step come about. */
export interface Differentiation {
  /** Gradients of the loss, times the scale where there is one. */
  scaled(loss: Value, wrt: readonly Value[]): Value[];
  /** Takes the scale out of gradients, in float32. */
  unscaled(values: readonly Value[]): Value[];
  /** Adds the output by which the host sees whether all of these are finite. */
  check(values: readonly Value[]): void;
}

/** How a step of this precision is differentiated. */
export function differentiationOf(g: Builder, precision: Precision): Differentiation {
  return precision === "mixed" ? scaledLoss(g) : plainLoss(g);
}

/** Differentiation of the loss itself. */
function plainLoss(g: Builder): Differentiation {
  return { scaled: (loss, wrt) => gradients(g, loss, wrt), unscaled: (values) => [...values], check: () => {} };
}

/**
 * Differentiation of the loss times the input {@link scaleInput}: all intermediate gradients are larger by that factor, so that fewer of them
 * fall below what float16 holds. The loss itself is not multiplied: the walk begins with the scale instead of 1.
 *
 * @source Micikevicius et al., "Mixed Precision Training", 2018, https://arxiv.org/abs/1710.03740, section 3.2.
 */
function scaledLoss(g: Builder): Differentiation {
  const scale = g.input(scaleInput, "float32", []);
  const inverse = g.op("Div", [g.scalar(1), scale]);
  return {
    scaled: (loss, wrt) => gradients(g, loss, wrt, { seed: scale }),
    unscaled: (values) => g.scope("unscale", () => values.map((value) => g.op("Mul", [value, inverse]))),
    check: (values) => {
      const total = g.scope("check", () =>
        values.map((value) => sumOf(g, value)).reduce((sum, value) => g.op("Add", [sum, value])),
      );
      g.output(checkOutput, total);
    },
  };
}

/** Infinities and NaN never add up to a number. In two stages, for each of which a GPU has more than one thread at work. */
function sumOf(g: Builder, value: Value): Value {
  const rows = value.shape.length < 2 ? value : g.op("ReduceSum", [value, g.ints([-1])], { keepdims: 0 });
  if (rows.shape.length === 0) return rows;
  return g.op("ReduceSum", [rows, g.ints(rows.shape.map((_, axis) => axis))], { keepdims: 0 });
}

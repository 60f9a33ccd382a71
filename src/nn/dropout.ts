/**
 * Dropout with a mask that is a function of (step seed, layer path, element index): a step can be computed again, split into
 * parts or resumed and drops the same elements.
 */

import { RandomStream } from "../base/random.ts";
import type { Value } from "../graph/graph.ts";
import type { Builder } from "../ops/operator.ts";
import { onnxTypeOf } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { requireThat } from "./_check.ts";
import { reshape } from "./_reshape.ts";
import { type Layer, layer, type Scope } from "./layer.ts";

/**
 * Sets each element to 0 with probability `rate` while training, and divides the others by 1 − rate so that the mean stays.
 * At inference it is the identity.
 *
 * The mask is a function of the step seed and the layer's path, so a step that is computed again drops the same elements, and
 * so does a layer that is applied twice under one path. ONNX's own `Dropout` is not used: its mask cannot be drawn again.
 *
 * @shape x [...] → [...]
 * @param rate - Probability of dropping an element, [0, 1).
 * @returns The layer; it has no parameters.
 * @throws RangeError if `rate` is out of range. GraphError when applied in training where the scope has no step seed.
 * @source Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014,
 * https://jmlr.org/papers/v15/srivastava14a.html, section 10 (inverted form). The mask: see the file.
 *
 * @example It has no parameters
 * ```ts
 * import assert from "node:assert/strict";
 * import { dropout } from "cameo/nn";
 *
 * assert.deepEqual(dropout(0.1).parameters, {});
 * assert.throws(() => dropout(1), RangeError);
 * ```
 */
export function dropout(rate: number): Layer {
  requireThat(rate >= 0 && rate < 1, "dropout", "rate", rate, "must be in [0, 1)");
  return layer({}, (_, x: Value, scope) =>
    scope.training && rate > 0 ? scope.g.op("Mul", [x, keepMask(scope, x, rate)]) : x,
  );
}

/**
 * 1/(1 − rate) where an element is kept and 0 where it is dropped, shaped like `x`.
 *
 * Element i of n stands at row r and column c of a grid of about √n by √n, and is kept if
 *
 * ```text
 * seed · row[r] · column[c] mod 2^32 ≥ rate · 2^32          all three odd
 * ```
 *
 * `row` and `column` are Philox numbers under the layer's path, and `seed` is the mixed step seed. Over the choice of these
 * numbers any two elements of a step are independent; two steps are, but for multipliers in a small ratio (about one pair of
 * steps in 2^28), and so are the four corners of a rectangle in the grid, but for pairs of rows in such a ratio. It takes one
 * integer product per element, where a full hash would take about ten passes.
 */
function keepMask(scope: Scope, x: Value, rate: number): Value {
  const { g } = scope;
  const count = sizeOf(x.shape);
  const rows = nearRoot(count);
  const stream = new RandomStream(0, `dropout/${scope.path}`);
  const row = g.constant(oddNumbers([rows, 1], stream, 0));
  const column = g.constant(oddNumbers([1, count / rows], stream, rows));
  const hash = g.op("Mul", [g.op("Mul", [row, mixed(g, scope.stepSeed())]), column]);
  const threshold = Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1);
  const kept = g.op("GreaterOrEqual", [reshape(g, hash, x.shape), g.scalar(threshold, "uint32")]);
  return g.op("Mul", [g.op("Cast", [kept], { to: onnxTypeOf(x.dtype) }), g.scalar(1 / (1 - rate), x.dtype)]);
}

/** The largest divisor of `count` up to its root. */
function nearRoot(count: number): number {
  let divisor = Math.floor(Math.sqrt(count));
  while (divisor > 1 && count % divisor !== 0) divisor--;
  return Math.max(divisor, 1);
}

function oddNumbers(shape: readonly [number, number], stream: RandomStream, from: number): Tensor {
  return tensor(
    "uint32",
    shape,
    Uint32Array.from({ length: sizeOf(shape) }, (_, i) => (stream.uint32(from + i) | 1) >>> 0),
  );
}

/**
 * A bijection of uint32 that turns counters into odd noise. ONNX Runtime computes it once for all layers: equal nodes on
 * the same seed are one.
 *
 * @source Wellons, "Prospecting for Hash Functions", 2018, https://nullprogram.com/blog/2018/07/31/, "lowbias32".
 */
function mixed(g: Builder, seed: Value): Value {
  const uint = (value: number) => g.scalar(value, "uint32");
  const fold = (value: Value, places: number) =>
    g.op("BitwiseXor", [value, g.op("BitShift", [value, uint(places)], { direction: "RIGHT" })]);
  let value = g.op("Cast", [seed], { to: onnxTypeOf("uint32") });
  value = g.op("Mul", [fold(value, 16), uint(0x7feb352d)]);
  value = g.op("Mul", [fold(value, 15), uint(0x846ca68b)]);
  return g.op("BitwiseOr", [fold(value, 16), uint(1)]);
}

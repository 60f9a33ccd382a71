/** Initialisers: how parameters are filled before training. Each number depends on seed, parameter path and index alone. */

import { explain, ShapeError } from "../base/errors.ts";
import type { TypedArray } from "../tensor/dtype.ts";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.ts";
import { requireThat } from "./_check.ts";
import type { Initializer } from "./layer.ts";

/**
 * All zeros.
 *
 * @returns The initialiser: zeros of any shape and dtype.
 */
export function zeros(): Initializer {
  return () => {};
}

/**
 * All ones: the usual scale of a normalisation.
 *
 * @returns The initialiser: ones of any shape.
 */
export function ones(): Initializer {
  return constant(1);
}

/**
 * One number everywhere.
 *
 * @param value - The number.
 * @returns The initialiser: that number in any shape.
 */
export function constant(value: number): Initializer {
  return (_, data) => fill(data, () => value);
}

/**
 * Uniform numbers in [low, high).
 *
 * @param low - Least value.
 * @param high - Bound above, more than `low`.
 * @throws RangeError if `low` is not below `high`.
 */
export function uniform(low: number, high: number): Initializer {
  requireThat(low < high, "uniform", "interval", `[${low}, ${high})`, "the low end must be below the high end");
  return (_, data, stream) => fill(data, (i) => low + (high - low) * stream.uniform(i));
}

/** Options of {@link normal}. */
export interface NormalOptions {
  /**
   * Mean of the numbers.
   * @defaultValue 0
   */
  readonly mean?: number;
  /**
   * Standard deviation, at least 0. GPT-2 and nanoGPT use 0.02, and 0.02/√(2·layers) where a residual branch ends.
   * @defaultValue 1
   */
  readonly std?: number;
}

/**
 * Normally distributed numbers.
 *
 * @param options - See {@link NormalOptions}.
 * @throws RangeError if `std` is negative.
 *
 * @example The weights of GPT-2
 * ```ts
 * import assert from "node:assert/strict";
 * import { RandomStream } from "cameo";
 * import { normal } from "cameo/nn";
 *
 * const data = new Float32Array(10000);
 * normal({ std: 0.02 })([100, 100], data, new RandomStream(1337, "wte.weight"));
 * const meanSquare = data.reduce((sum, x) => sum + x * x, 0) / data.length;
 * assert.ok(Math.abs(Math.sqrt(meanSquare) - 0.02) < 0.001);
 * ```
 */
export function normal(options: NormalOptions = {}): Initializer {
  const { mean = 0, std = 1 } = options;
  requireThat(std >= 0, "normal", "std", std, "must be at least 0");
  return (_, data, stream) => fill(data, (i) => mean + std * stream.normal(i));
}

/** Options of {@link truncatedNormal}. */
export interface TruncatedNormalOptions extends NormalOptions {
  /**
   * Least value; in the units of the result, as in PyTorch, not in standard deviations.
   * @defaultValue -2
   */
  readonly low?: number;
  /**
   * Greatest value.
   * @defaultValue 2
   */
  readonly high?: number;
}

/**
 * Normally distributed numbers, drawn again until they lie in [low, high].
 *
 * With the default bounds and a small `std` nothing is ever cut (PyTorch's `trunc_normal_` is the same); for a cut at two
 * standard deviations pass `low: -2 * std, high: 2 * std`.
 *
 * @param options - See {@link TruncatedNormalOptions}.
 * @throws RangeError if `std` is not positive, or [low, high] lies so far out or is so narrow that few draws would fit:
 * it must reach within 2 standard deviations of the mean and be at least a tenth of one wide.
 */
export function truncatedNormal(options: TruncatedNormalOptions = {}): Initializer {
  const { mean = 0, std = 1, low = -2, high = 2 } = options;
  requireThat(std > 0, "truncatedNormal", "std", std, "must be positive");
  const [from, to] = [(low - mean) / std, (high - mean) / std];
  requireThat(
    to - from >= 0.1 && from <= 2 && to >= -2,
    "truncatedNormal",
    "interval",
    `[${low}, ${high}]`,
    "must reach within 2 std of the mean and be at least 0.1 std wide",
  );
  return (_, data, stream) =>
    fill(data, (i) => {
      for (let at = i; ; at += data.length) {
        const z = stream.normal(at);
        if (z >= from && z <= to) return mean + std * z;
      }
    });
}

/**
 * Fan of a weight: how many inputs feed one output, and how many outputs one input feeds.
 *
 * @param shape - Weight [outputs, inputs, ...kernel], as linear layers and convolutions hold it.
 * @returns Both fans, counted over the kernel as PyTorch counts them.
 * @throws ShapeError if the shape has fewer than 2 axes.
 */
export function fansOf(shape: Shape): { readonly fanIn: number; readonly fanOut: number } {
  const [outputs, inputs, ...kernel] = shape;
  if (outputs === undefined || inputs === undefined)
    throw new ShapeError(
      explain({
        api: "fansOf",
        action: "count inputs and outputs",
        received: `got ${formatShape(shape)}`,
        rule: "a weight has at least 2 axes",
        hint: "initialise biases with zeros() or uniformBias(fanIn)",
      }),
    );
  const window = sizeOf(kernel);
  return { fanIn: inputs * window, fanOut: outputs * window };
}

/** Functions after a layer for which {@link gainOf} knows how much they shrink a signal. */
export type Nonlinearity = "linear" | "sigmoid" | "tanh" | "relu" | "leakyRelu" | "selu";

/**
 * Factor by which weights must grow to make up for the function that follows them.
 *
 * @param nonlinearity - The function.
 * @param slope - Slope below 0, for `"leakyRelu"`.
 * @returns PyTorch's `calculate_gain`.
 */
export function gainOf(nonlinearity: Nonlinearity, slope = 0.01): number {
  if (nonlinearity === "tanh") return 5 / 3;
  if (nonlinearity === "relu") return Math.SQRT2;
  if (nonlinearity === "leakyRelu") return Math.sqrt(2 / (1 + slope ** 2));
  return nonlinearity === "selu" ? 3 / 4 : 1;
}

/** Options of {@link kaimingUniform} and {@link kaimingNormal}. */
export interface KaimingOptions {
  /**
   * `"fanIn"` keeps the size of activations on the way forward, `"fanOut"` that of gradients on the way back.
   * @defaultValue "fanIn"
   */
  readonly mode?: "fanIn" | "fanOut";
  /**
   * Function after the layer.
   * @defaultValue "leakyRelu"
   */
  readonly nonlinearity?: Nonlinearity;
  /**
   * Slope of `"leakyRelu"` below 0 (`a` in PyTorch).
   * @defaultValue √5 for kaimingUniform, 0 for kaimingNormal
   */
  readonly slope?: number;
}

function kaimingStd(shape: Shape, options: KaimingOptions, slope: number): number {
  const { mode = "fanIn", nonlinearity = "leakyRelu" } = options;
  return gainOf(nonlinearity, options.slope ?? slope) / Math.sqrt(fansOf(shape)[mode]);
}

/**
 * Uniform numbers scaled to the fan: with no options, what `torch.nn.Linear` and `torch.nn.Conv2d` start from,
 * ±1/√fanIn.
 *
 * Differs from `torch.nn.init.kaiming_uniform_` in the default slope, √5 instead of 0: that is what PyTorch's layers pass.
 *
 * ```text
 * uniform in ±√3·gain/√fan
 * ```
 *
 * @param options - See {@link KaimingOptions}.
 * @source He et al., "Delving Deep into Rectifiers", 2015, https://arxiv.org/abs/1502.01852, eq. 10 and 15.
 */
export function kaimingUniform(options: KaimingOptions = {}): Initializer {
  return (shape, data, stream) => {
    const bound = Math.sqrt(3) * kaimingStd(shape, options, Math.sqrt(5));
    fill(data, (i) => bound * (2 * stream.uniform(i) - 1));
  };
}

/**
 * Normal numbers with standard deviation gain/√fan. The choice for deep convolutional nets with ReLU.
 *
 * @param options - See {@link KaimingOptions}.
 * @source He et al., "Delving Deep into Rectifiers", 2015, https://arxiv.org/abs/1502.01852, eq. 10 and 15.
 */
export function kaimingNormal(options: KaimingOptions = {}): Initializer {
  return (shape, data, stream) => {
    const std = kaimingStd(shape, options, 0);
    fill(data, (i) => std * stream.normal(i));
  };
}

function xavierStd(shape: Shape, gain: number): number {
  const { fanIn, fanOut } = fansOf(shape);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/**
 * Uniform numbers in ±gain·√(6/(fanIn + fanOut)): for layers followed by tanh or by nothing.
 *
 * @param gain - See {@link gainOf}.
 * @source Glorot and Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural Networks", 2010,
 * https://proceedings.mlr.press/v9/glorot10a.html, eq. 16.
 */
export function xavierUniform(gain = 1): Initializer {
  return (shape, data, stream) => {
    const bound = Math.sqrt(3) * xavierStd(shape, gain);
    fill(data, (i) => bound * (2 * stream.uniform(i) - 1));
  };
}

/**
 * Normal numbers with standard deviation gain·√(2/(fanIn + fanOut)).
 *
 * @param gain - See {@link gainOf}.
 * @source Glorot and Bengio, 2010, https://proceedings.mlr.press/v9/glorot10a.html, eq. 12.
 */
export function xavierNormal(gain = 1): Initializer {
  return (shape, data, stream) => {
    const std = xavierStd(shape, gain);
    fill(data, (i) => std * stream.normal(i));
  };
}

/**
 * Uniform numbers in ±1/√fanIn: what the biases of PyTorch's linear layers and convolutions start from.
 *
 * @param fanIn - Inputs of one output; a bias's own shape does not tell.
 * @throws RangeError if `fanIn` is not positive.
 */
export function uniformBias(fanIn: number): Initializer {
  requireThat(fanIn > 0, "uniformBias", "fanIn", fanIn, "must be positive");
  return uniform(-1 / Math.sqrt(fanIn), 1 / Math.sqrt(fanIn));
}

/**
 * A matrix with orthonormal rows (or columns, whichever are fewer), times `gain`. Usual in reinforcement learning and
 * recurrent nets. Axes after the first count as one.
 *
 * @param gain - Length of the rows or columns.
 * @throws ShapeError if the parameter has fewer than 2 axes.
 * @source Saxe, McClelland and Ganguli, "Exact Solutions to the Nonlinear Dynamics of Learning in Deep Linear Neural Networks",
 * 2014, https://arxiv.org/abs/1312.6120.
 */
export function orthogonal(gain = 1): Initializer {
  return (shape, data, stream) => {
    fansOf(shape); // refuses vectors
    const rows = shape[0] as number;
    const columns = data.length / rows;
    const isWide = rows <= columns;
    const vectors = Array.from({ length: Math.min(rows, columns) }, (_, v) =>
      Float64Array.from({ length: Math.max(rows, columns) }, (_, k) =>
        stream.normal(isWide ? v * columns + k : k * columns + v),
      ),
    );
    orthonormalize(vectors);
    fill(data, (i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      const vector = vectors[isWide ? row : column] as Float64Array;
      return gain * (vector[isWide ? column : row] as number);
    });
  };
}

/** Gram–Schmidt in place, each vector twice: once leaves errors of the size of the condition number. */
function orthonormalize(vectors: readonly Float64Array[]): void {
  for (const [v, vector] of vectors.entries()) {
    for (let pass = 0; pass < 2; pass++)
      for (const earlier of vectors.slice(0, v)) {
        const overlap = dot(vector, earlier);
        for (let k = 0; k < vector.length; k++) vector[k] = (vector[k] as number) - overlap * (earlier[k] as number);
      }
    const length = Math.sqrt(dot(vector, vector));
    for (let k = 0; k < vector.length; k++) vector[k] = (vector[k] as number) / length;
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] as number) * (b[k] as number);
  return sum;
}

/** Writes a number per element. Other dtypes than float32 and float64 are made by casting after initialisation. */
function fill(data: TypedArray, at: (index: number) => number): void {
  if (!(data instanceof Float32Array || data instanceof Float64Array))
    throw new TypeError(
      explain({
        api: "initialize",
        action: "fill a parameter",
        received: `got a ${data.constructor.name}`,
        rule: "initialisers other than zeros() fill float32 and float64",
      }),
    );
  for (let i = 0; i < data.length; i++) data[i] = at(i);
}

/**
 * Normalisations of channels, axis 1 of x [N, C, ...].
 *
 * `xhat = (x − mean)·rstd` with `rstd = 1/√(var + epsilon)`; the gradient through statistics of n elements is in `norm.ts`.
 */

import { explain, GraphError } from "../base/errors.ts";
import type { Signature, Value } from "../graph/graph.ts";
import { formatShape, sameShape, sizeOf } from "../tensor/shape.ts";
import { asChannels, channelWindows, inStages, perChannel, statisticsOf } from "./_channels.ts";
import { castTo, computeDType, expandTo, mean, plus, reciprocalRoot, scaled, sum } from "./_composed.ts";
import { reshape, unbroadcast, upstreamOf } from "./_gradient.ts";
import { failShape, inputOf, requireSameDType, sameAsFirst } from "./_infer.ts";
import { type Builder, float, type GradientContext, type InferContext, int, type Operator } from "./operator.ts";

/** Attributes of {@link BatchNormalization}. */
export interface BatchNormalizationAttributes {
  epsilon: number;
  momentum: number;
  training_mode: number;
}

/** Number of channels of x [N, C, ...]; every other input must be [C]. */
function requireChannels(context: InferContext<unknown>): number {
  const { op, inputs } = context;
  const x = inputOf(context, 0);
  const [, c] = x.shape;
  requireSameDType(op, inputs as Value[]);
  if (c === undefined) return failShape(op, "normalise", `got ${formatShape(x.shape)}`, "must be [N, C, ...]");
  for (const { name, shape } of inputs.slice(1) as Value[])
    if (!sameShape(shape, [c]))
      failShape(op, `use "${name}"`, `got ${formatShape(shape)}`, `must be [${c}], the channels of x`);
  return c;
}

interface ChannelGradient {
  readonly dx: Value;
  readonly dScale: Value;
  readonly dBias: Value;
  readonly centred: Value;
}

/**
 * Gradient of scaling and shifting each channel of x [N, C, D] after normalising it over `axes` of n elements; scale [C].
 *
 * ```text
 * dx = a·dy + b·centred + c     a = scale·rstd, b = −a·rstd²·Σ dy·centred / n, c = −a·Σ dy / n
 * ```
 */
function channelsGradient(
  g: Builder,
  x: Value,
  dy: Value,
  scale: Value,
  epsilon: number,
  axes: readonly number[],
): ChannelGradient {
  const { centred, variance } = statisticsOf(g, x, axes);
  const rstd = reciprocalRoot(g, variance, epsilon);
  const s1 = inStages(sum, g, dy, axes);
  const s2 = g.op("Mul", [inStages(sum, g, g.op("Mul", [dy, centred]), axes), rstd]);
  const a = g.op("Mul", [rstd, perChannel(g, scale)]);
  const share = g.op("Mul", [a, g.scalar(-1 / sizeOf(axes.map((axis) => x.shape[axis] as number)), x.dtype)]);
  const b = g.op("Mul", [g.op("Mul", [share, rstd]), s2]);
  const shifted = g.op("Add", [g.op("Mul", [centred, b]), g.op("Mul", [share, s1])]);
  const ofChannel = (value: Value): Value => reshape(g, unbroadcast(g, value, [1, ...scale.shape, 1]), scale.shape);
  return { dx: g.op("Add", [g.op("Mul", [dy, a]), shifted]), dScale: ofChannel(s2), dBias: ofChannel(s1), centred };
}

/** Gradients with given statistics: dx = dy·scale·rstd; every parameter's is a sum over its channel. */
function inferenceGradient(context: GradientContext<BatchNormalizationAttributes>): (Value | null)[] {
  const { g, inputs, attributes, needs } = context;
  const [input, scale, , average, variance] = inputs as [Value, Value, Value, Value, Value];
  const [x, dy] = [asChannels(g, input), asChannels(g, upstreamOf(context))];
  const rstd = reciprocalRoot(g, variance, attributes.epsilon);
  const factor = g.op("Mul", [rstd, scale]);
  const total = (value: Value): Value => reshape(g, inStages(sum, g, value, [0, 2]), scale.shape);
  const dBias = needs[2] || needs[3] ? total(dy) : null;
  const centred = () => g.op("Sub", [x, reshape(g, average, [...average.shape, 1])]);
  const dScale = needs[1] || needs[4] ? g.op("Mul", [total(g.op("Mul", [dy, centred()])), rstd]) : null;
  const dVariance = () => g.op("Mul", [g.op("Mul", [scaled(g, factor, -0.5), rstd]), dScale as Value]);
  return [
    needs[0] ? reshape(g, g.op("Mul", [dy, reshape(g, factor, [...factor.shape, 1])]), input.shape) : null,
    needs[1] ? dScale : null,
    needs[2] ? dBias : null,
    needs[3] ? g.op("Neg", [g.op("Mul", [factor, dBias as Value])]) : null,
    needs[4] ? dVariance() : null,
  ];
}

/** Gradients through the statistics of the batch, and through the running ones where somebody uses those. */
function trainingGradient(context: GradientContext<BatchNormalizationAttributes>): (Value | null)[] {
  const { g, attributes, upstream, needs } = context;
  const [input, scale] = [inputOf(context, 0), inputOf(context, 1)];
  const x = asChannels(g, input);
  const [dy, dMean, dVariance] = [upstream[0] ?? null, upstream[1] ?? null, upstream[2] ?? null];
  const result = dy === null ? null : channelsGradient(g, x, asChannels(g, dy), scale, attributes.epsilon, [0, 2]);
  // running ← momentum·running + (1 − momentum)·(mean or population variance of the batch)
  const share = (1 - Math.fround(attributes.momentum)) / (sizeOf(input.shape) / (input.shape[1] as number));
  const column = (value: Value, factor: number): Value =>
    g.op("Mul", [reshape(g, value, [...value.shape, 1]), g.scalar(factor, value.dtype)]);
  let dx = result?.dx ?? null;
  if (dMean !== null) dx = plus(g, dx, column(dMean, share));
  if (dVariance !== null) {
    const centred = result?.centred ?? statisticsOf(g, x, [0, 2]).centred;
    dx = plus(g, dx, g.op("Mul", [centred, column(dVariance, 2 * share)]));
  }
  return [
    needs[0] && dx !== null ? reshape(g, expandTo(g, dx, x.shape), input.shape) : null,
    needs[1] ? (result?.dScale ?? null) : null,
    needs[2] ? (result?.dBias ?? null) : null,
    needs[3] && dMean !== null ? scaled(g, dMean, attributes.momentum) : null,
    needs[4] && dVariance !== null ? scaled(g, dVariance, attributes.momentum) : null,
  ];
}

/**
 * Normalises each channel of x [N, C, ...] with the mean and variance given (inputs 3 and 4), or in `training_mode` with
 * those of the batch; then outputs 1 and 2 are the running mean and population variance, moved by 1 − `momentum`.
 */
export const BatchNormalization: Operator<BatchNormalizationAttributes> = {
  since: 15,
  inputs: [5, 5],
  settings: [3, 4],
  outputs: [1, 3],
  attributes: { epsilon: float(1e-5), momentum: float(0.9), training_mode: int(0) },
  infer: (context) => {
    const { op, attributes, outputCount } = context;
    const statistic: Signature = { dtype: inputOf(context, 0).dtype, shape: [requireChannels(context)] };
    const wanted = attributes.training_mode ? 3 : 1;
    if (outputCount !== wanted)
      throw new GraphError(
        explain({
          api: op,
          action: "make outputs",
          received: `got ${outputCount}`,
          rule: `makes ${wanted} with training_mode ${attributes.training_mode}`,
        }),
      );
    return [...sameAsFirst(context), statistic, statistic];
  },
  gradient: (context) => (context.attributes.training_mode ? trainingGradient(context) : inferenceGradient(context)),
};

/** Attribute of {@link InstanceNormalization}. */
export interface InstanceNormalizationAttributes {
  epsilon: number;
}

/** Normalises each channel of each sample of x [N, C, ...] over its remaining axes, then scales and shifts by [C]. */
export const InstanceNormalization: Operator<InstanceNormalizationAttributes> = {
  since: 6,
  inputs: [3, 3],
  attributes: { epsilon: float(1e-5) },
  infer: (context) => {
    requireChannels(context);
    return sameAsFirst(context);
  },
  gradient: (context) => {
    const { g, attributes, needs } = context;
    const [input, scale] = [inputOf(context, 0), inputOf(context, 1)];
    const [x, dy] = [asChannels(g, input), asChannels(g, upstreamOf(context))];
    const { dx, dScale, dBias } = channelsGradient(g, x, dy, scale, attributes.epsilon, [2]);
    return [reshape(g, dx, input.shape), dScale, dBias].map((gradient, i) => (needs[i] ? gradient : null));
  },
};

/** Attributes of {@link GroupNormalization}. */
export interface GroupNormalizationAttributes {
  epsilon: number;
  num_groups: number;
  /** ONNX dtype number in which ONNX Runtime computes the statistics. */
  stash_type: number;
}

/**
 * Normalises each of `num_groups` groups of channels of each sample over channels and remaining axes, then scales and shifts
 * each channel: scale and bias [C].
 *
 * ```text
 * dx = rstd·(dy·scale − centred·c2 − c1)     c2 = rstd²·Σ scale·s2 / n     c1 = Σ scale·s1 / n     (sums over a group)
 * s1 = Σ dy, s2 = Σ dy·centred               (sums over one channel of one sample)
 * ```
 */
export const GroupNormalization: Operator<GroupNormalizationAttributes> = {
  since: 21,
  inputs: [3, 3],
  attributes: { epsilon: float(1e-5), num_groups: int(), stash_type: int(1) },
  infer: (context) => {
    const { op, attributes } = context;
    const c = requireChannels(context);
    if (attributes.num_groups < 1 || c % attributes.num_groups !== 0)
      failShape(
        op,
        "make groups",
        `got ${c} channels and num_groups ${attributes.num_groups}`,
        "groups must divide the channels",
      );
    return sameAsFirst(context);
  },
  gradient: (context) => {
    const { g, inputs, attributes, needs } = context;
    const [input, scaleInput] = [inputOf(context, 0), inputOf(context, 1)];
    const dtype = computeDType(input.dtype);
    const [n, c, ...rest] = input.shape as [number, number, ...number[]];
    const [groups, size] = [attributes.num_groups, c / attributes.num_groups];
    const grouped = (value: Value): Value => castTo(g, reshape(g, value, [n, groups, size, sizeOf(rest)]), dtype);
    const [x, dy] = [grouped(input), grouped(upstreamOf(context))];
    const scale = castTo(g, reshape(g, scaleInput, [groups, size, 1]), dtype);
    const centred = g.op("Sub", [x, mean(g, x, [2, 3])]);
    const rstd = reciprocalRoot(g, mean(g, g.op("Mul", [centred, centred]), [2, 3]), attributes.epsilon);
    const s1 = sum(g, dy, [3]);
    const s2 = g.op("Mul", [sum(g, g.op("Mul", [dy, centred]), [3]), rstd]);
    const perChannel = (value: Value): Value =>
      castTo(g, reshape(g, unbroadcast(g, value, scale.shape), scaleInput.shape), scaleInput.dtype);
    const dx = (): Value => {
      const share = g.scalar(1 / (size * sizeOf(rest)), dtype);
      const ofGroup = (value: Value): Value => g.op("Mul", [sum(g, g.op("Mul", [value, scale]), [2]), share]);
      const c2 = g.op("Mul", [ofGroup(s2), rstd]);
      const direct = g.op("Sub", [g.op("Mul", [dy, scale]), g.op("Mul", [centred, c2])]);
      return g.op("Mul", [g.op("Sub", [direct, ofGroup(s1)]), rstd]);
    };
    return [
      needs[0] ? castTo(g, reshape(g, dx(), input.shape), input.dtype) : null,
      needs[1] ? perChannel(s2) : null,
      needs[2] && inputs[2] ? perChannel(s1) : null,
    ];
  },
};

/** Attributes of {@link LRN}. */
export interface LRNAttributes {
  alpha: number;
  beta: number;
  bias: number;
  /** Channels in the window; odd. */
  size: number;
}

/**
 * Local response normalisation across channels: y = x / s^beta with s = bias + alpha/size · Σ x² over a window W of channels.
 *
 * ```text
 * dx = dy / s^beta − 2·alpha·beta/size · x · W(dy·y / s)
 * ```
 *
 * The window is a symmetric banded matrix, so its sums are one product. ONNX allows even windows and any number of axes, ONNX
 * Runtime only odd windows on [N, C, H, W].
 */
export const LRN: Operator<LRNAttributes> = {
  since: 13,
  inputs: [1, 1],
  attributes: { alpha: float(1e-4), beta: float(0.75), bias: float(1), size: int() },
  infer: (context) => {
    const { op, attributes } = context;
    const { shape } = inputOf(context, 0);
    if (shape.length !== 4) failShape(op, "normalise", `got ${formatShape(shape)}`, "must be [N, C, H, W]");
    if (attributes.size % 2 !== 1)
      throw new GraphError(
        explain({ api: op, action: 'set attribute "size"', received: `got ${attributes.size}`, rule: "must be odd" }),
      );
    return sameAsFirst(context);
  },
  gradient: (context) => {
    const { g, outputs, attributes } = context;
    const { alpha, beta, bias, size } = attributes;
    const input = inputOf(context, 0);
    const [x, y, dy] = [input, outputs[0] as Value, upstreamOf(context)].map((value) => asChannels(g, value)) as [
      Value,
      Value,
      Value,
    ];
    const window = channelWindows(g, x.shape[1] as number, size, x.dtype);
    const squares = g.op("MatMul", [window, g.op("Mul", [x, x])]);
    const s = g.op("Add", [scaled(g, squares, alpha / size), g.scalar(bias, x.dtype)]);
    const power = g.op("Pow", [s, g.scalar(-Math.fround(beta), x.dtype)]);
    const spread = g.op("MatMul", [window, g.op("Div", [g.op("Mul", [dy, y]), s])]);
    const indirect = g.op("Mul", [x, scaled(g, spread, (2 * alpha * beta) / size)]);
    return [reshape(g, g.op("Sub", [g.op("Mul", [dy, power]), indirect]), input.shape)];
  },
};

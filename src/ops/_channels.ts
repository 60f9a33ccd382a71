/** Statistics of channels: what batch normalisation and its gradient share. */

import type { Value } from "../graph/graph.ts";
import { sizeOf } from "../tensor/shape.ts";
import { tensor } from "../tensor/tensor.ts";
import { castTo, mean, reciprocalRoot, scaled, type sum } from "./_composed.ts";
import { reshape } from "./_gradient.ts";
import type { Builder } from "./operator.ts";

/** x [N, C, ...] as [N, C, D]. */
export function asChannels(g: Builder, value: Value): Value {
  const [n, c, ...rest] = value.shape as [number, number, ...number[]];
  return reshape(g, value, [n, c, sizeOf(rest)]);
}

/**
 * Sum or mean over axes of [N, C, D], which stay as length 1: over D, then over N. ONNX Runtime's CPU kernels take 0.4 ms for both steps where
 * they take 1.0 for one over both axes ([64, 64, 1024]).
 */
export function inStages(reduce: typeof sum, g: Builder, value: Value, axes: readonly number[]): Value {
  return [...axes]
    .reverse()
    .reduce((result, axis) => (result.shape[axis] === 1 ? result : reduce(g, result, [axis])), value);
}

/** x of [N, C, D] without its mean over `axes`, and both statistics with those axes at length 1. */
export interface Statistics {
  readonly mean: Value;
  readonly centred: Value;
  readonly variance: Value;
}

export function statisticsOf(g: Builder, x: Value, axes: readonly number[]): Statistics {
  const average = inStages(mean, g, x, axes);
  const centred = g.op("Sub", [x, average]);
  return { mean: average, centred, variance: inStages(mean, g, g.op("Mul", [centred, centred]), axes) };
}

/** A number per channel, [C], beside [N, C, D]. */
export function perChannel(g: Builder, value: Value): Value {
  return reshape(g, value, [1, ...value.shape, 1]);
}

/**
 * BatchNormalization with the statistics of the batch, written out: its kernel runs on one thread on the CPU and fails on WebGPU. The gradient
 * computes the same statistics with the same nodes, so that they are there once.
 */
export function normalizeBatch(
  g: Builder,
  inputs: readonly Value[],
  { epsilon, momentum }: { readonly epsilon: number; readonly momentum: number },
): Value[] {
  const [input, scale, bias, runningMean, runningVariance] = inputs as [Value, Value, Value, Value, Value];
  const { mean: average, centred, variance } = statisticsOf(g, asChannels(g, input), [0, 2]);
  const factor = g.op("Mul", [reciprocalRoot(g, variance, epsilon), perChannel(g, scale)]);
  const y = g.op("Add", [g.op("Mul", [centred, factor]), perChannel(g, bias)]);
  const moved = (running: Value, statistic: Value): Value => {
    const batch = reshape(g, statistic, running.shape);
    // A factor of 0 would still carry on what is not finite.
    return momentum === 0
      ? batch
      : g.op("Add", [scaled(g, running, momentum), scaled(g, batch, 1 - Math.fround(momentum))]);
  };
  return [reshape(g, y, input.shape), moved(runningMean, average), moved(runningVariance, variance)];
}

/** Which channels [C, C] are in the window of which. */
export function channelWindows(g: Builder, channels: number, size: number, dtype: Value["dtype"]): Value {
  const reach = (size - 1) / 2;
  const cells = Array.from({ length: channels * channels }, (_, i) =>
    Math.abs((i % channels) - Math.floor(i / channels)) <= reach ? 1 : 0,
  );
  return castTo(g, g.constant(tensor(dtype === "float64" ? dtype : "float32", [channels, channels], cells)), dtype);
}

/** Losses of regression, of distributions and of margins. Legend: d = prediction − target; N samples. */

import { explain, ShapeError } from "../base/errors.ts";
import type { Value } from "../graph/graph.ts";
import type { Builder } from "../ops/operator.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { requireThat } from "./_check.ts";
import { type Reduction, reduce, requireAlike } from "./_reduce.ts";

/** Options that all losses take. */
export interface LossOptions {
  /**
   * Mean over all elements, their sum, or one loss per element.
   * @defaultValue "mean"
   */
  readonly reduction?: Reduction;
}

/** prediction − target, of the same shape. */
function difference(api: string, g: Builder, prediction: Value, target: Value): Value {
  requireAlike(api, prediction, target);
  return g.op("Sub", [prediction, target]);
}

/**
 * d²: the loss of regression, large where the error is large.
 *
 * @shape prediction [...], target [...] → [] ([...] without reduction)
 * @param g - Where to build it.
 * @param prediction - What the model says.
 * @param target - What is true, of the same shape and dtype.
 * @param options - See {@link LossOptions}.
 * @throws ShapeError if shapes or dtypes differ.
 * @source Legendre, "Nouvelles méthodes pour la détermination des orbites des comètes", 1805, appendix.
 */
export function meanSquaredError(g: Builder, prediction: Value, target: Value, options: LossOptions = {}): Value {
  const d = difference("meanSquaredError", g, prediction, target);
  return reduce("meanSquaredError", g, g.op("Mul", [d, d]), options.reduction);
}

/**
 * |d|: regression to the median, hardly moved by outliers. The gradient at d = 0 is 0.
 *
 * @shape prediction [...], target [...] → [] ([...] without reduction)
 * @param g - Where to build it.
 * @param prediction - What the model says.
 * @param target - What is true, of the same shape and dtype.
 * @param options - See {@link LossOptions}.
 * @throws ShapeError if shapes or dtypes differ.
 * @source Laplace, "Sur quelques points du système du monde", 1789.
 */
export function meanAbsoluteError(g: Builder, prediction: Value, target: Value, options: LossOptions = {}): Value {
  const d = difference("meanAbsoluteError", g, prediction, target);
  return reduce("meanAbsoluteError", g, g.op("Abs", [d]), options.reduction);
}

/** Options of {@link huber}. */
export interface HuberOptions extends LossOptions {
  /**
   * Error up to which the loss is a parabola, positive.
   * @defaultValue 1
   */
  readonly delta?: number;
}

/**
 * A parabola for small errors and a line for large ones: d²/2 for |d| ≤ delta, else delta·(|d| − delta/2). Usual in
 * reinforcement learning and box regression.
 *
 * @shape prediction [...], target [...] → [] ([...] without reduction)
 * @param g - Where to build it.
 * @param prediction - What the model says.
 * @param target - What is true, of the same shape and dtype.
 * @param options - See {@link HuberOptions}.
 * @throws RangeError if `delta` is not positive. ShapeError if shapes or dtypes differ.
 * @source Huber, "Robust Estimation of a Location Parameter", 1964, https://doi.org/10.1214/aoms/1177703732
 */
export function huber(g: Builder, prediction: Value, target: Value, options: HuberOptions = {}): Value {
  const { delta = 1, reduction } = options;
  requireThat(delta > 0, "huber", "delta", delta, "must be positive");
  return reduce("huber", g, parabolaThenLine(g, difference("huber", g, prediction, target), delta), reduction);
}

/** m·(|d| − m/2) with m = min(|d|, delta): both branches in one, with the right slope where they meet. */
function parabolaThenLine(g: Builder, d: Value, delta: number): Value {
  const size = g.op("Abs", [d]);
  const clipped = g.op("Min", [size, g.scalar(delta, d.dtype)]);
  return g.op("Mul", [clipped, g.op("Sub", [size, g.op("Mul", [clipped, g.scalar(0.5, d.dtype)])])]);
}

/** Options of {@link smoothL1}. */
export interface SmoothL1Options extends LossOptions {
  /**
   * Error up to which the loss is a parabola, positive.
   * @defaultValue 1
   */
  readonly beta?: number;
}

/**
 * {@link huber} divided by its delta, here called beta: d²/(2·beta) for |d| ≤ beta, else |d| − beta/2. The slope for large
 * errors is 1 whatever beta.
 *
 * @shape prediction [...], target [...] → [] ([...] without reduction)
 * @param g - Where to build it.
 * @param prediction - What the model says.
 * @param target - What is true, of the same shape and dtype.
 * @param options - See {@link SmoothL1Options}.
 * @throws RangeError if `beta` is not positive. ShapeError if shapes or dtypes differ.
 * @source Girshick, "Fast R-CNN", 2015, https://arxiv.org/abs/1504.08083, eq. 3.
 */
export function smoothL1(g: Builder, prediction: Value, target: Value, options: SmoothL1Options = {}): Value {
  const { beta = 1, reduction } = options;
  requireThat(beta > 0, "smoothL1", "beta", beta, "must be positive");
  const losses = parabolaThenLine(g, difference("smoothL1", g, prediction, target), beta);
  return reduce("smoothL1", g, g.op("Mul", [losses, g.scalar(1 / beta, losses.dtype)]), reduction);
}

/** Options of {@link klDivergence}. */
export interface KlDivergenceOptions {
  /**
   * `"batchMean"` divides the sum by the length of the first axis, which is the divergence per sample; `"mean"` by the
   * number of elements, as PyTorch does by default.
   * @defaultValue "batchMean"
   */
  readonly reduction?: Reduction | "batchMean";
  /**
   * The target holds log-probabilities too.
   * @defaultValue false
   */
  readonly logTarget?: boolean;
}

/**
 * Kullback–Leibler divergence of a predicted distribution from a target one [nats]: Σ t·(log t − log p). The loss of
 * distillation.
 *
 * Differs from PyTorch in the default reduction: here it is the divergence per sample, there the mean over elements.
 *
 * @shape logPrediction [N, ...], target [N, ...] → [] ([N, ...] without reduction)
 * @param g - Where to build it.
 * @param logPrediction - Log-probabilities, from `LogSoftmax`.
 * @param target - Probabilities, or their logarithms with `logTarget`; where one is 0 its term is 0.
 * @param options - See {@link KlDivergenceOptions}.
 * @throws ShapeError if shapes or dtypes differ.
 * @source Kullback and Leibler, "On Information and Sufficiency", 1951, https://doi.org/10.1214/aoms/1177729694, eq. 2.4.
 */
export function klDivergence(
  g: Builder,
  logPrediction: Value,
  target: Value,
  options: KlDivergenceOptions = {},
): Value {
  const { reduction = "batchMean", logTarget = false } = options;
  requireAlike("klDivergence", logPrediction, target);
  const { dtype, shape } = logPrediction;
  const probability = logTarget ? g.op("Exp", [target]) : target;
  // The least normal float32 in place of 0: its logarithm is finite, and times 0 it is 0.
  const logarithm = logTarget ? target : g.op("Log", [g.op("Max", [target, g.scalar(2 ** -126, dtype)])]);
  const losses = g.op("Mul", [probability, g.op("Sub", [logarithm, logPrediction])]);
  if (reduction !== "batchMean") return reduce("klDivergence", g, losses, reduction);
  return g.op("Mul", [reduce("klDivergence", g, losses, "sum"), g.scalar(1 / (shape[0] ?? 1), dtype)]);
}

/** Options of {@link hinge} and {@link cosineEmbedding}. */
export interface MarginOptions extends LossOptions {
  /**
   * How far apart is far enough.
   * @defaultValue 1 for hinge, 0 for cosineEmbedding
   */
  readonly margin?: number;
}

/**
 * max(0, margin − label·score): the loss of support vector machines; nothing once the score is on the right side by `margin`.
 *
 * @shape scores [...], labels [...] of 1 and −1 → [] ([...] without reduction)
 * @param g - Where to build it.
 * @param scores - Positive for one class, negative for the other.
 * @param labels - 1 or −1, of the scores' dtype.
 * @param options - See {@link MarginOptions}.
 * @throws ShapeError if shapes or dtypes differ.
 * @source Cortes and Vapnik, "Support-Vector Networks", 1995, https://doi.org/10.1007/BF00994018
 */
export function hinge(g: Builder, scores: Value, labels: Value, options: MarginOptions = {}): Value {
  requireAlike("hinge", scores, labels);
  const missing = g.op("Sub", [g.scalar(options.margin ?? 1, scores.dtype), g.op("Mul", [labels, scores])]);
  return reduce("hinge", g, g.op("Relu", [missing]), options.reduction);
}

/**
 * Cosine of the angle between vectors along the last axis, in [−1, 1].
 *
 * @shape a [..., size], b [..., size] → [...]
 * @param g - Where to build it.
 * @param a - Vectors.
 * @param b - As many vectors, of the same shape and dtype.
 * @param epsilon - Least squared product of lengths: a vector of zeros has cosine 0 to any other.
 * @throws ShapeError if shapes or dtypes differ.
 * @source Salton, Wong and Yang, "A Vector Space Model for Automatic Indexing", 1975, https://doi.org/10.1145/361219.361220
 */
export function cosineSimilarity(g: Builder, a: Value, b: Value, epsilon = 1e-12): Value {
  requireAlike("cosineSimilarity", a, b);
  const dot = (x: Value, y: Value) => g.op("ReduceSum", [g.op("Mul", [x, y]), g.ints([-1])], { keepdims: 0 });
  const squares = g.op("Add", [g.op("Mul", [dot(a, a), dot(b, b)]), g.scalar(epsilon, a.dtype)]);
  return g.op("Div", [dot(a, b), g.op("Sqrt", [squares])]);
}

/**
 * Pulls the vectors of a pair with label 1 together, and pushes those of a pair with label −1 apart until their cosine is
 * at most `margin`: 1 − cos and max(0, cos − margin).
 *
 * @shape a [N, size], b [N, size], labels [N] of 1 and −1 → [] ([N] without reduction)
 * @param g - Where to build it.
 * @param a - First vector of each pair.
 * @param b - Second vector of each pair.
 * @param labels - 1 or −1, of the vectors' dtype.
 * @param options - See {@link MarginOptions}.
 * @throws ShapeError if shapes or dtypes do not fit.
 * @source Bromley et al., "Signature Verification Using a Siamese Time Delay Neural Network", 1993. The form is PyTorch's
 * CosineEmbeddingLoss.
 */
export function cosineEmbedding(g: Builder, a: Value, b: Value, labels: Value, options: MarginOptions = {}): Value {
  const cosine = cosineSimilarity(g, a, b);
  const { dtype, shape } = cosine;
  if (!sameShape(labels.shape, shape) || labels.dtype !== dtype)
    throw new ShapeError(
      explain({
        api: "cosineEmbedding",
        action: "use labels",
        received: `got ${labels.dtype} ${formatShape(labels.shape)}`,
        rule: `must be ${dtype} ${formatShape(shape)}, one per pair`,
      }),
    );
  // (1 + label)/2 is 1 for pairs to pull together and 0 for pairs to push apart.
  const half = g.scalar(0.5, dtype);
  const isClose = g.op("Add", [g.op("Mul", [labels, half]), half]);
  const pull = g.op("Mul", [isClose, g.op("Sub", [g.scalar(1, dtype), cosine])]);
  const excess = g.op("Relu", [g.op("Sub", [cosine, g.scalar(options.margin ?? 0, dtype)])]);
  const push = g.op("Mul", [g.op("Sub", [g.scalar(1, dtype), isClose]), excess]);
  return reduce("cosineEmbedding", g, g.op("Add", [pull, push]), options.reduction);
}

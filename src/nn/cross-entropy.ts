/** Losses of classifiers, from logits: numbers before softmax or sigmoid. Legend: N samples, C classes. */

import { explain, ShapeError } from "../base/errors.ts";
import type { Value } from "../graph/graph.ts";
import type { Builder } from "../ops/operator.ts";
import { onnxTypeOf } from "../tensor/dtype.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { requireThat } from "./_check.ts";
import { failLoss, type Reduction, reduce, requireAlike, requireReduction } from "./_reduce.ts";

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions {
  /**
   * Share of each label spread evenly over all classes, [0, 1).
   * @defaultValue 0
   */
  readonly labelSmoothing?: number;
  /**
   * Samples with this label do not count: padding. It need not be a class; PyTorch's default is −100.
   * @defaultValue null, none is ignored
   */
  readonly ignoreIndex?: number | null;
  /**
   * Weight of each class, [C]; the mean is then weighted by the labels' weights.
   * @defaultValue null, all weigh the same
   */
  readonly weight?: Tensor | null;
  /**
   * Mean over samples, their sum, or one loss per sample.
   * @defaultValue "mean"
   */
  readonly reduction?: Reduction;
}

/**
 * Negative log-likelihood of labels under softmax(logits) [nats]: the loss of classifiers and language models.
 *
 * ```text
 * loss = −(1 − s)·log p[label] − s/C·Σ_c log p[c]        p = softmax(logits), s = labelSmoothing
 * ```
 *
 * The mean of no samples (all ignored) is NaN, as in PyTorch.
 *
 * @shape logits [N, C], labels [N] int32 or int64 in [0, C) → [] ([N] without reduction)
 * @param g - Where to build it.
 * @param logits - Scores before softmax.
 * @param labels - Class of each sample.
 * @param options - See {@link CrossEntropyOptions}.
 * @throws RangeError if the smoothing is out of range. ShapeError if shapes do not fit or labels are not integers.
 * @source Bridle, "Probabilistic Interpretation of Feedforward Classification Network Outputs", 1990; label smoothing: Szegedy et al.,
 * "Rethinking the Inception Architecture for Computer Vision", 2015, https://arxiv.org/abs/1512.00567, section 7.
 *
 * @example Equal logits: the loss is log C
 * ```ts
 * import assert from "node:assert/strict";
 * import { crossEntropy } from "cameo/nn";
 * import { createBuilder } from "cameo/ops";
 * import { evaluate } from "cameo/runtime";
 * import { filled } from "cameo/tensor";
 *
 * const g = createBuilder();
 * const logits = g.input("logits", "float32", [2, 4]);
 * g.output("loss", crossEntropy(g, logits, g.constant(filled("int64", [2], 3))));
 * const { loss } = await evaluate(g.build(), { logits: filled("float32", [2, 4], 0) });
 * assert.ok(Math.abs(Number(loss?.data[0]) - Math.log(4)) < 1e-6);
 * ```
 */
export function crossEntropy(g: Builder, logits: Value, labels: Value, options: CrossEntropyOptions = {}): Value {
  const { labelSmoothing = 0, ignoreIndex = null, weight = null, reduction = "mean" } = options;
  const [n, c] = logits.shape;
  if (logits.shape.length !== 2 || !sameShape(labels.shape, [n as number]) || !/^int(32|64)$/.test(labels.dtype))
    failLoss("crossEntropy", logits, labels, "must be logits [N, C] and int32 or int64 labels [N]");
  if (weight !== null && !sameShape(weight.shape, [c as number]))
    throw new ShapeError(
      explain({
        api: "crossEntropy",
        action: "weight classes",
        received: `got ${formatShape(weight.shape)}`,
        rule: `must be [${c}], one number per class`,
      }),
    );
  requireThat(
    labelSmoothing >= 0 && labelSmoothing < 1,
    "crossEntropy",
    "labelSmoothing",
    labelSmoothing,
    "must be in [0, 1)",
  );
  requireReduction("crossEntropy", reduction);

  const weights = weight === null ? null : g.constant(weight);
  const inputs = weights === null ? [logits, labels] : [logits, labels, weights];
  const attributes = { reduction, ...(ignoreIndex !== null && { ignore_index: ignoreIndex }) };
  // With the log-probabilities as an output the gradient need not compute the softmax again.
  const [loss, logP] = g.ops("SoftmaxCrossEntropyLoss", inputs, attributes, 2) as [Value, Value];
  if (labelSmoothing === 0) return loss;
  const smooth = smoothLoss(g, logP, labels, weights, { ...options, ignoreIndex, reduction });
  const scaled = (value: Value, factor: number) => g.op("Mul", [value, g.scalar(factor, value.dtype)]);
  return g.op("Add", [scaled(loss, 1 - labelSmoothing), scaled(smooth, labelSmoothing / (c as number))]);
}

/** −Σ_c weight[c]·log p[c] of each sample, reduced as the loss itself is: ignored samples left out, the mean weighted by labels. */
function smoothLoss(
  g: Builder,
  logP: Value,
  labels: Value,
  weights: Value | null,
  { ignoreIndex, reduction }: { readonly ignoreIndex: number | null; readonly reduction: Reduction },
): Value {
  const { dtype } = logP;
  const weighted = weights === null ? logP : g.op("Mul", [logP, weights]);
  const each = g.op("Neg", [g.op("ReduceSum", [weighted, g.ints([1])], { keepdims: 0 })]);
  if (ignoreIndex === null && weights === null) return reduce("crossEntropy", g, each, reduction);

  let share: Value | null = null; // what each sample counts in the mean
  let classes = labels;
  let counted = each;
  if (ignoreIndex !== null) {
    const kept = g.op("Not", [g.op("Equal", [labels, g.scalar(ignoreIndex, labels.dtype)])]);
    share = g.op("Cast", [kept], { to: onnxTypeOf(dtype) });
    classes = g.op("Mul", [labels, g.op("Cast", [kept], { to: onnxTypeOf(labels.dtype) })]);
    counted = g.op("Mul", [each, share]);
  }
  if (reduction !== "mean") return reduce("crossEntropy", g, counted, reduction);
  if (weights !== null) {
    const ofLabels = g.op("Gather", [weights, classes], { axis: 0 });
    share = share === null ? ofLabels : g.op("Mul", [ofLabels, share]);
  }
  const total = (value: Value) => g.op("ReduceSum", [value], { keepdims: 0 });
  return g.op("Div", [total(counted), total(share as Value)]);
}

/** Options of {@link binaryCrossEntropyWithLogits}. */
export interface BinaryCrossEntropyOptions {
  /**
   * Factor of the loss where the target is 1, positive: above 1 it buys recall, below precision.
   * @defaultValue 1
   */
  readonly positiveWeight?: number;
  /**
   * Mean over all elements, their sum, or one loss per element.
   * @defaultValue "mean"
   */
  readonly reduction?: Reduction;
}

/**
 * Negative log-likelihood of independent yes-or-no targets under sigmoid(logits) [nats]: several labels per sample, or two
 * classes.
 *
 * Computed so that neither large nor small logits overflow:
 *
 * ```text
 * loss = −w·t·log σ(x) − (1 − t)·log(1 − σ(x)) = (1 − t)·x + (1 + (w − 1)·t)·softplus(−x)        w = positiveWeight
 * ```
 *
 * @shape logits [...], targets [...] in [0, 1] → [] ([...] without reduction)
 * @param g - Where to build it.
 * @param logits - Scores before the sigmoid, x in the formula.
 * @param targets - Probability of yes, t in the formula, of the same dtype.
 * @param options - See {@link BinaryCrossEntropyOptions}.
 * @throws RangeError if the weight is not positive. ShapeError if shapes or dtypes differ.
 * @source Cox, "The Regression Analysis of Binary Sequences", 1958, https://doi.org/10.1111/j.2517-6161.1958.tb00292.x
 */
export function binaryCrossEntropyWithLogits(
  g: Builder,
  logits: Value,
  targets: Value,
  options: BinaryCrossEntropyOptions = {},
): Value {
  const { positiveWeight = 1, reduction = "mean" } = options;
  requireAlike("binaryCrossEntropyWithLogits", logits, targets);
  requireThat(positiveWeight > 0, "binaryCrossEntropyWithLogits", "positiveWeight", positiveWeight, "must be positive");
  const { dtype } = logits;
  let rest = g.op("Softplus", [g.op("Neg", [logits])]);
  if (positiveWeight !== 1) {
    const extra = g.op("Mul", [targets, g.scalar(positiveWeight - 1, dtype)]);
    rest = g.op("Mul", [rest, g.op("Add", [extra, g.scalar(1, dtype)])]);
  }
  const missing = g.op("Mul", [g.op("Sub", [g.scalar(1, dtype), targets]), logits]);
  return reduce("binaryCrossEntropyWithLogits", g, g.op("Add", [missing, rest]), reduction);
}

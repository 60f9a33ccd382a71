/** Labels that are probably wrong, found from what a model predicts. */

import { explain, ShapeError } from "../../base/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** Options of {@link findLabelErrors}. */
export interface LabelErrorOptions {
  /**
   * Which examples count: as many of each pair of classes as the estimated noise asks for, those with the largest margin
   * (`"noise-rate"`), or those that the confident joint counts off its diagonal (`"off-diagonal"`).
   * @defaultValue "noise-rate"
   */
  readonly method?: "noise-rate" | "off-diagonal";
}

/** One label that is probably wrong. */
export interface LabelError {
  /** Row of the probabilities. */
  readonly index: number;
  readonly given: number;
  /** Class with the largest probability other than the given one. */
  readonly suggested: number;
  /** Probability of the given label: the lower, the more suspect. */
  readonly selfConfidence: number;
}

/** See {@link findLabelErrors}. */
export interface LabelReport {
  /** Most suspect first. */
  readonly errors: readonly LabelError[];
  /** Mean probability of each class over the examples that have its label: what counts as confident. */
  readonly thresholds: readonly number[];
  /** Estimated share of examples with given label i and true label j, `joint[i][j]`; all add up to 1. */
  readonly joint: readonly (readonly number[])[];
  /** Estimated share of wrong labels [0, 1]. */
  readonly noiseRate: number;
}

/**
 * Finds wrong labels by confident learning.
 *
 * The probabilities must be out of fold: predicted for each example by a model that did not train on it, for instance in cross
 * validation; a model that learned the wrong labels agrees with them. Errors are suspicions, ranked, for people to look at.
 *
 * @param probabilities - `[examples, classes]`; rows add up to 1.
 * @param labels - Given class of each example.
 * @param options - See {@link LabelErrorOptions}.
 * @returns The errors, and the estimates they rest on.
 * @throws ShapeError if there is not one label per row.
 * @throws RangeError if a label is no class, or a class has no example.
 * @source Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 2021,
 * https://arxiv.org/abs/1911.00068, equations 1 to 3 and section 3.2; ties and rounding as in cleanlab.
 *
 * @example One of six
 * ```ts
 * import assert from "node:assert/strict";
 * import { tensor } from "cameo";
 * import { findLabelErrors } from "cameo/data/quality";
 *
 * const probabilities = tensor("float64", [6, 2], [0.9, 0.1, 0.8, 0.2, 0.1, 0.9, 0.1, 0.9, 0.2, 0.8, 0.95, 0.05]);
 * const { errors } = findLabelErrors(probabilities, [0, 0, 0, 1, 1, 0]);
 * assert.deepEqual(errors.map(({ index, suggested }) => [index, suggested]), [[2, 1]]);
 * ```
 */
export function findLabelErrors(
  probabilities: Tensor,
  labels: ArrayLike<number>,
  options: LabelErrorOptions = {},
): LabelReport {
  const [numExamples = 0, numClasses = 0] = probabilities.shape;
  check(probabilities, labels, numExamples, numClasses);
  const values = probabilities.data as ArrayLike<number>;
  const probability = (example: number, label: number): number => Number(values[example * numClasses + label]);
  const labelOf = (example: number): number => labels[example] as number;
  const classes = Array.from({ length: numClasses }, (_, label) => label);

  const counts = classes.map(() => 0);
  const sums = classes.map(() => 0);
  for (let i = 0; i < numExamples; i++) {
    const label = labelOf(i);
    counts[label] = (counts[label] as number) + 1;
    sums[label] = (sums[label] as number) + probability(i, label);
  }
  const thresholds = classes.map((label) => (sums[label] as number) / (counts[label] as number));

  // Eq. 1: the class that an example confidently belongs to is the likeliest of those that reach their threshold.
  const confident = Int32Array.from({ length: numExamples }, (_, i) => {
    const reached = classes.filter((label) => probability(i, label) >= (thresholds[label] as number) - 1e-6);
    return reached.length === 0 ? -1 : likeliest(reached, (label) => probability(i, label));
  });
  const joint = calibrated(numClasses, counts, confident, labelOf, numExamples);

  const suspects =
    options.method === "off-diagonal"
      ? range(numExamples).filter((i) => confident[i] !== -1 && confident[i] !== labelOf(i))
      : byNoiseRate(numExamples, classes, joint, labelOf, probability);
  const errors = suspects
    .map((index) => {
      const given = labelOf(index);
      const others = classes.filter((label) => label !== given);
      const suggested = likeliest(others, (label) => probability(index, label));
      return { index, given, suggested, selfConfidence: probability(index, given) };
    })
    // Where the model agrees with the label there is nothing to suspect.
    .filter(({ index, suggested, selfConfidence }) => probability(index, suggested) > selfConfidence)
    .sort((a, b) => a.selfConfidence - b.selfConfidence || a.index - b.index);
  const noiseRate = 1 - classes.reduce((sum, label) => sum + (joint[label]?.[label] as number), 0);
  return { errors, thresholds, joint, noiseRate };
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

function likeliest(classes: readonly number[], probability: (label: number) => number): number {
  return classes.reduce((best, label) => (probability(label) > probability(best) ? label : best));
}

/** Counts of given against confident class, scaled so that rows add up to the labels' counts and all to 1 (eq. 3). */
function calibrated(
  numClasses: number,
  counts: readonly number[],
  confident: Int32Array,
  labelOf: (example: number) => number,
  numExamples: number,
): number[][] {
  const joint: number[][] = range(numClasses).map(() => range(numClasses).map(() => 0));
  for (const [i, label] of confident.entries()) {
    const row = joint[labelOf(i)] as number[];
    if (label >= 0) row[label] = (row[label] as number) + 1;
  }
  for (const [label, row] of joint.entries()) {
    row[label] = Math.max(1, row[label] as number); // at least one label of each class is taken to be right
    const sum = row.reduce((total, count) => total + count, 0);
    for (const [other, count] of row.entries()) row[other] = (count / sum) * ((counts[label] as number) / numExamples);
  }
  return joint;
}

/** Of each pair of given and other class, the examples with the largest margin, as many as the joint says are wrong. */
function byNoiseRate(
  numExamples: number,
  classes: readonly number[],
  joint: readonly (readonly number[])[],
  labelOf: (example: number) => number,
  probability: (example: number, label: number) => number,
): number[] {
  const members = classes.map((): number[] => []);
  for (let i = 0; i < numExamples; i++) members[labelOf(i)]?.push(i);
  const found = new Set<number>();
  for (const given of classes)
    for (const [other, number] of roundedRow(joint[given] as number[], numExamples).entries()) {
      if (given === other || number === 0) continue;
      const margin = (i: number): number => probability(i, other) - probability(i, given);
      const ranked = (members[given] as number[]).toSorted((a, b) => margin(b) - margin(a) || a - b);
      for (const i of ranked.slice(0, number)) found.add(i);
    }
  return [...found].sort((a, b) => a - b);
}

/** Shares as counts that add up: where rounding misses the sum, the counts that it moved most give way. */
function roundedRow(shares: readonly number[], numExamples: number): number[] {
  const exact = shares.map((share) => share * numExamples);
  const counts = exact.map(Math.round);
  let missing =
    Math.round(exact.reduce((sum, count) => sum + count, 0)) - counts.reduce((sum, count) => sum + count, 0);
  const step = Math.sign(missing);
  const error = (i: number): number => step * ((exact[i] as number) - (counts[i] as number));
  for (const i of range(counts.length).sort((a, b) => error(b) - error(a) || step * (b - a))) {
    if (missing === 0) break;
    counts[i] = (counts[i] as number) + step;
    missing -= step;
  }
  return counts;
}

function check(probabilities: Tensor, labels: ArrayLike<number>, numExamples: number, numClasses: number): void {
  const refuse = (received: string, rule: string): string =>
    explain({ api: "findLabelErrors", action: "compare labels with predictions", received, rule });
  if (probabilities.shape.length !== 2 || labels.length !== numExamples || numClasses < 2)
    throw new ShapeError(
      refuse(
        `got probabilities [${probabilities.shape.join(", ")}] and ${labels.length} labels`,
        "needs [examples, classes] with two classes or more, and a label per example",
      ),
    );
  const seen = new Set<number>();
  for (let i = 0; i < numExamples; i++) {
    const label = labels[i] as number;
    if (!Number.isInteger(label) || label < 0 || label >= numClasses)
      throw new RangeError(refuse(`label ${label} at ${i}`, `must be an integer in [0, ${numClasses})`));
    seen.add(label);
  }
  const missing = range(numClasses).find((label) => !seen.has(label));
  if (missing !== undefined) throw new RangeError(refuse(`no example has label ${missing}`, "every class needs one"));
}

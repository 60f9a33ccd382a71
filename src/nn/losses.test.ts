/** Every loss against PyTorch: value and gradients. */

import { describe, expect, test } from "vitest";
import { expectAllClose, expectClose, readFixtures, runFunction } from "../../test/support/run-layer.ts";
import type { Value } from "../graph/graph.ts";
import type { Builder } from "../ops/operator.ts";
import { createBuilder } from "../ops/registry.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { binaryCrossEntropyWithLogits, type CrossEntropyOptions, crossEntropy } from "./cross-entropy.ts";
import {
  cosineEmbedding,
  hinge,
  huber,
  klDivergence,
  meanAbsoluteError,
  meanSquaredError,
  smoothL1,
} from "./losses.ts";

type Loss = (g: Builder, ...inputs: Value[]) => Value;

/** A loss of two inputs with its options. */
function of<O>(loss: (g: Builder, a: Value, b: Value, options?: O) => Value, options?: O): Loss {
  return (g, a, b) => loss(g, a as Value, b as Value, options);
}

const weight = tensor("float32", [5], [0.5, 2, 1, 0.25, 1.5]);
const crossEntropyKinds: Readonly<Record<string, CrossEntropyOptions>> = {
  "": {},
  " smoothed": { labelSmoothing: 0.1 },
  " ignoring": { ignoreIndex: -100 },
  " weighted": { weight },
  " with all": { ignoreIndex: -100, weight, labelSmoothing: 0.2 },
};
const reductions = ["mean", "sum", "none"] as const;

/** The loss of each case of `fixtures/nn/losses.json`. */
const losses: Readonly<Record<string, Loss>> = {
  ...Object.fromEntries(
    Object.entries(crossEntropyKinds).flatMap(([kind, options]) =>
      reductions.map((reduction) => [`crossEntropy${kind} ${reduction}`, of(crossEntropy, { ...options, reduction })]),
    ),
  ),
  "crossEntropy of large logits": of(crossEntropy),
  binaryCrossEntropyWithLogits: of(binaryCrossEntropyWithLogits),
  "binaryCrossEntropyWithLogits weighted none": of(binaryCrossEntropyWithLogits, {
    positiveWeight: 3,
    reduction: "none",
  }),
  meanSquaredError: of(meanSquaredError),
  "meanSquaredError sum": of(meanSquaredError, { reduction: "sum" }),
  meanAbsoluteError: of(meanAbsoluteError),
  huber: of(huber),
  "huber 0.5 none": of(huber, { delta: 0.5, reduction: "none" }),
  smoothL1: of(smoothL1),
  "smoothL1 0.5 sum": of(smoothL1, { beta: 0.5, reduction: "sum" }),
  klDivergence: of(klDivergence),
  "klDivergence mean": of(klDivergence, { reduction: "mean" }),
  "klDivergence of logarithms sum": of(klDivergence, { reduction: "sum", logTarget: true }),
  hinge: of(hinge),
  cosineEmbedding: (g, a, b, labels) => cosineEmbedding(g, a as Value, b as Value, labels as Value),
  "cosineEmbedding 0.3 none": (g, a, b, labels) =>
    cosineEmbedding(g, a as Value, b as Value, labels as Value, { margin: 0.3, reduction: "none" }),
};

const fixtures = readFixtures("losses");

for (const [name, { inputs, output, gradients, upstream }] of fixtures)
  test(`${name} agrees with PyTorch`, async () => {
    const result = await runFunction(losses[name] as Loss, inputs, Object.keys(gradients), upstream);
    expectClose("loss", result.output, output);
    expectAllClose("gradient", result.gradients, gradients);
  });

test("every loss of the table has a fixture", () => {
  expect(Object.keys(losses).filter((name) => !fixtures.has(name))).toEqual([]);
});

test("crossEntropy takes int32 labels", async () => {
  for (const kind of ["crossEntropy mean", "crossEntropy with all mean"]) {
    const { inputs, output } = fixtures.get(kind) as { inputs: Record<string, Tensor>; output: Tensor };
    const labels = tensor("int32", [6], inputs.labels?.data as BigInt64Array);
    const result = await runFunction(losses[kind] as Loss, { ...inputs, labels });
    expectClose(kind, result.output, output);
  }
});

describe("a loss says what does not fit", () => {
  const g = createBuilder();
  const float = (...shape: number[]) =>
    g.constant(tensor("float32", shape, new Float32Array(shape.reduce((a, b) => a * b, 1))));
  const labels = g.constant(tensor("int64", [3], [0, 1, 2]));

  test("crossEntropy", () => {
    expect(() => crossEntropy(g, float(4, 5), labels)).toThrow(
      "crossEntropy: cannot compare: got float32 [4, 5] and int64 [3], must be logits [N, C] and int32 or int64 labels [N]",
    );
    expect(() => crossEntropy(g, float(3, 5), labels, { weight })).not.toThrow();
    expect(() => crossEntropy(g, float(3, 4), labels, { weight })).toThrow("got [5], must be [4]");
    expect(() => crossEntropy(g, float(3, 4), labels, { labelSmoothing: 1 })).toThrow(RangeError);
    expect(() => crossEntropy(g, float(3, 4), labels, { reduction: "average" as "mean" })).toThrow(RangeError);
  });

  test("losses of two alike", () => {
    expect(() => meanSquaredError(g, float(4, 1), float(4))).toThrow(
      "meanSquaredError: cannot compare: got float32 [4, 1] and float32 [4], both must have the same dtype and shape",
    );
    expect(() => binaryCrossEntropyWithLogits(g, float(3), labels)).toThrow("float32 [3] and int64 [3]");
    expect(() => cosineEmbedding(g, float(4, 2), float(4, 2), float(3))).toThrow("must be float32 [4]");
    expect(() => huber(g, float(2), float(2), { delta: 0 })).toThrow(RangeError);
    expect(() => smoothL1(g, float(2), float(2), { beta: -1 })).toThrow(RangeError);
  });
});

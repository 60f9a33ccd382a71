import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  distance,
  feedsOf,
  gradientsOf,
  initialParameters,
  type MixedStep,
  trainMixed,
} from "../../test/support/mixed.ts";
import { classificationData, convModel, mlpModel } from "../../test/support/models.ts";
import type { Graph, Node, Value } from "../graph/graph.ts";
import { narrowedBy } from "../ops/compute-type.ts";
import { adamw } from "../optim/adam.ts";
import { sam } from "../optim/sam.ts";
import { sgd } from "../optim/sgd.ts";
import type { Transform } from "../optim/transform.ts";
import { optimize } from "../passes/optimize.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { sizeBytesOf } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import { numbersOf, scalar, type Tensor, tensor } from "../tensor/tensor.ts";
import { gpt } from "../text/gpt.ts";
import { imageClassifier } from "../vision/classifier.ts";
import { mnistCnn } from "../vision/cnn.ts";
import type { Batch, Model } from "./model.ts";
import type { Precision } from "./scaled-loss.ts";
import { gradientGraph } from "./step-graph.ts";

const vocabulary = 20;
const smallGpt = (): Model => gpt({ layers: 2, heads: 2, width: 16, context: 8, vocabulary, bias: true });
const gradientNames = (results: object): string[] =>
  Object.keys(results).filter((name) => name.startsWith("gradient/"));

/** Sequences that repeat after a few tokens, so that there is something to learn. */
function tokenBatch(index: number, batchSize: number, context = 8): Batch {
  const at = (i: number) => ((Math.floor(i / batchSize) + index * 3) * ((i % batchSize) + 1)) % 7;
  const length = context * batchSize;
  return {
    tokens: Int32Array.from({ length }, (_, i) => at(i)),
    labels: Int32Array.from({ length }, (_, i) => at(i + batchSize)),
  };
}

const pictures: Batch = {
  images: Float32Array.from({ length: 4 * 784 }, (_, i) => Math.sin(i * 0.37) * Math.cos(i * 0.011)),
  labels: Int32Array.of(3, 1, 4, 1),
};
const batchOf = (shape: readonly number[]): Batch => classificationData([...shape]).batch(0, 4) as Batch;

describe("loss and gradients are those of float32", () => {
  // Where a maximum is pooled, values that float16 cannot tell apart share a gradient that belongs to one of them.
  const rows: [string, Model, Batch, number][] = [
    ["an MLP", mlpModel(), batchOf([6]), 2e-3],
    ["a conv net", convModel(), batchOf([1, 6, 6]), 2e-3],
    ["a GPT", smallGpt(), tokenBatch(0, 4), 3e-3],
    [
      "a CNN over pictures",
      imageClassifier(mnistCnn({ classes: 10 }), { name: "cnn", image: [1, 28, 28] }),
      pictures,
      0.08,
    ],
  ];
  test.each(rows)("of %s", async (_, model, batch, tolerance) => {
    const feeds = { ...initialParameters(model), ...feedsOf(model, 4, batch) };
    const single = await gradientsOf(model, 4, feeds, "float32");
    const mixed = await gradientsOf(model, 4, feeds, "mixed");
    expect(Number(mixed.loss?.data[0]) / Number(single.loss?.data[0])).toBeCloseTo(1, 3);
    for (const name of gradientNames(single)) expect(distance(mixed, single, [name]), name).toBeLessThan(tolerance);
    // Not the same numbers: something was rounded.
    expect(distance(mixed, single, gradientNames(single))).toBeGreaterThan(1e-5);
  });
});

test("the CPU takes programs in float16 as they are", async () => {
  const model = smallGpt();
  const feeds = {
    ...initialParameters(model),
    ...feedsOf(model, 4, tokenBatch(0, 4)),
    lossScale: scalar("float32", 1024),
  };
  const graph = optimize(gradientGraph(model, 4, true, "mixed"), "cpu");
  const [got, expected] = [await evaluate(graph, feeds), await gradientsOf(model, 4, feeds, "float32")];
  expect(distance(got, expected, gradientNames(expected))).toBeLessThan(3e-3);
  expect(Number.isFinite(got.gradientSum?.data[0])).toBe(true);
});

describe("loss and gradients are those of PyTorch's autocast to float16", () => {
  interface Case {
    readonly inputs: Record<string, Tensor>;
    readonly parameters: Record<string, Tensor>;
    readonly loss: number;
    readonly gradients: Record<string, Tensor>;
  }
  const fixture = join(import.meta.dirname, "../../fixtures/mixed/torch.json");
  const { models } = (JSON.parse(readFileSync(fixture, "utf8")) as { cases: { models: Record<string, Case> } }).cases;
  /** Sequence first, as both read it, with the dtypes that our models declare. */
  const typed = (model: Model, { inputs }: Case, batchSize: number): Record<string, Tensor> =>
    Object.fromEntries(
      Object.entries(model.inputs(batchSize)).map(([name, { dtype, shape }]) => [
        name,
        tensor(dtype, shape, (inputs[name] as Tensor).data as Float32Array),
      ]),
    );
  const rows: [string, Model, number][] = [
    ["mlp", mlpModel(), 8],
    ["conv", convModel(), 8],
    ["gpt", smallGpt(), 4],
  ];
  test.each(rows)("%s", async (name, model, batchSize) => {
    const row = models[name] as Case;
    const parameters = Object.entries(row.parameters).map(([path, { shape, data }]) => [
      path,
      tensor("float32", shape, data as Float32Array),
    ]);
    const feeds = { ...Object.fromEntries(parameters), ...typed(model, row, batchSize) };
    const [mixed, single] = [
      await gradientsOf(model, batchSize, feeds, "mixed"),
      await gradientsOf(model, batchSize, feeds, "float32"),
    ];
    expect(Number(mixed.loss?.data[0])).toBeCloseTo(row.loss, 3);
    expect(Object.keys(row.gradients).sort()).toEqual(
      gradientNames(mixed)
        .map((key) => key.slice(9))
        .sort(),
    );
    for (const [path, expected] of Object.entries(row.gradients))
      expect(distance({ x: mixed[`gradient/${path}`] as Tensor }, { x: expected }, ["x"]), path).toBeLessThan(4e-3);
    // As far from float32 as PyTorch is, give or take: the rounding is of the same size.
    const far = (of: (path: string) => Tensor): number => {
      const paths = Object.keys(row.gradients);
      const exact = Object.fromEntries(paths.map((path) => [path, single[`gradient/${path}`] as Tensor]));
      return distance(Object.fromEntries(paths.map((path) => [path, of(path)])), exact, paths);
    };
    const ratio = far((path) => mixed[`gradient/${path}`] as Tensor) / far((path) => row.gradients[path] as Tensor);
    expect(ratio).toBeGreaterThan(0.3);
    expect(ratio).toBeLessThan(3);
  });
});

describe("training", () => {
  const losses = (steps: readonly MixedStep[]): number[] => steps.map(({ loss }) => loss);
  const data = classificationData([6]);
  const batches = (count: number): Batch[] => Array.from({ length: count }, (_, i) => data.batch(i, 8) as Batch);

  test("a GPT follows float32 for 50 steps", async () => {
    const run = (precision: Precision) =>
      trainMixed({
        model: smallGpt(),
        optimizer: adamw({ learningRate: 5e-3 }),
        batchSize: 2,
        batches: Array.from({ length: 50 }, (_, i) => tokenBatch(i, 2)),
        precision,
      });
    const [single, mixed] = [losses((await run("float32")).steps), losses((await run("mixed")).steps)];
    expect(mixed.at(-1)).toBeLessThan(0.7 * (mixed[0] as number));
    const apart = single.map((loss, i) => Math.abs(loss - (mixed[i] as number)));
    expect(Math.max(...apart)).toBeLessThan(0.005);
    expect(Math.max(...apart)).toBeGreaterThan(0);
  });

  /** The loss times a constant, with no effect on an optimizer that divides by the size of gradients. */
  const times = (factor: number): Model => {
    const model = mlpModel();
    return {
      ...model,
      loss: (scope, inputs) => scope.g.op("Mul", [model.loss(scope, inputs), scope.g.scalar(factor)]),
    };
  };
  const scaleFree = adamw({ learningRate: 0.02, epsilon: 1e-20, weightDecay: 0 });

  test("gradients that float16 cannot hold are held when the loss is scaled", async () => {
    const factor = 2 ** -24;
    const run = (lossScale: number) =>
      trainMixed({
        model: times(factor),
        optimizer: scaleFree,
        batchSize: 8,
        batches: batches(40),
        lossScale: { initial: lossScale },
      });
    const [scaled, plain] = [await run(65536), await run(1)];
    expect(scaled.steps.at(-1)?.loss).toBeLessThan(0.5 * (scaled.steps[0]?.loss as number));
    // Nothing arrived at all.
    expect(numbersOf(plain.state["up.weight"] as Tensor)).toEqual(
      numbersOf(initialParameters(mlpModel())["up.weight"] as Tensor),
    );
    const single = await trainMixed({
      model: times(factor),
      optimizer: scaleFree,
      batchSize: 8,
      batches: batches(40),
      precision: "float32",
    });
    const [last, expected] = [scaled.steps.at(-1)?.loss, single.steps.at(-1)?.loss] as [number, number];
    expect(last / expected).toBeCloseTo(1, 1);
  });

  test("steps that overflow change nothing, and the scale finds its place", async () => {
    const run = (initial: number, count: number) =>
      trainMixed({
        model: mlpModel(),
        optimizer: adamw({ learningRate: 0.01 }),
        batchSize: 8,
        batches: batches(10).slice(-count),
        lossScale: { initial, growthInterval: 6 },
      });
    const high = await run(2 ** 24, 10);
    const skipped = high.steps.filter(({ taken }) => !taken).length;
    expect(skipped).toBeGreaterThan(2);
    expect(high.steps.map(({ taken }) => taken)).toEqual(Array.from({ length: 10 }, (_, i) => i >= skipped));
    expect(high.steps.slice(0, skipped + 1).map(({ scale }) => scale)).toEqual(
      Array.from({ length: skipped + 1 }, (_, i) => 2 ** (24 - i)),
    );
    // From the first good scale on everything is as in a run that began there: parameters, moments, bias corrections.
    const low = await run(2 ** (24 - skipped), 10 - skipped);
    expect(high.steps.slice(skipped)).toEqual(low.steps);
    expect(high.state).toEqual(low.state);
  });

  const rows: [string, Transform][] = [
    ["sharpness-aware minimisation", sam(sgd({ learningRate: 0.1 }), { radius: 0.05 })],
    ["momentum", sgd({ learningRate: 0.1, momentum: 0.9 })],
  ];
  test.each(rows)("with %s follows float32", async (_, optimizer) => {
    const run = (precision: Precision) =>
      trainMixed({ model: mlpModel(), optimizer, batchSize: 8, batches: batches(20), precision });
    const [single, mixed] = [await run("float32"), await run("mixed")];
    for (const [i, loss] of losses(single.steps).entries()) expect(mixed.steps[i]?.loss).toBeCloseTo(loss, 2);
  });
});

describe("memory", () => {
  const isForward = ({ name }: Node): boolean => !/^(grad|unscale|check)\//.test(name);

  /** True for the conversion of a parameter. */
  const isWeight = (graph: Graph, node: Node): boolean => graph.inputs.includes(narrowedBy(node) as Value);

  /** Results of the forward pass that the backward pass reads: what must be kept. Weights in float16 are not counted. */
  function keptBy(graph: Graph): Value[] {
    const made = new Set(graph.nodes.filter(isForward).flatMap((node) => node.outputs));
    const read = graph.nodes.filter((node) => !isForward(node)).flatMap((node) => node.inputs);
    const weights = new Set(graph.nodes.flatMap((node) => (isWeight(graph, node) ? node.outputs : [])));
    return [...new Set(read)].filter((value) => value !== null && made.has(value) && !weights.has(value)) as Value[];
  }
  const bytesOf = (values: readonly Value[]): number =>
    values.reduce((sum, { dtype, shape }) => sum + sizeBytesOf(dtype, sizeOf(shape)), 0);

  test("what a GPT keeps for the backward pass is float16, but for inputs of norms, their statistics and the loss", () => {
    const model = gpt({ layers: 4, heads: 4, width: 128, context: 64, vocabulary: 65 });
    const [single, mixed] = [gradientGraph(model, 4), gradientGraph(model, 4, false, "mixed")];
    const wide = keptBy(mixed).filter(({ dtype, shape }) => dtype === "float32" && shape.length > 0);
    expect([...new Set(wide.map(({ name }) => name.replace(/\d+/g, "i")))].sort()).toEqual([
      "Add_i",
      "SoftmaxCrossEntropyLoss_i",
      "blocks.i.lni/LayerNormalization_i",
      "blocks.i/Add_i",
      "norm/LayerNormalization_i",
    ]);
    expect(bytesOf(keptBy(mixed)) / bytesOf(keptBy(single))).toBeLessThan(0.58);
  });
});

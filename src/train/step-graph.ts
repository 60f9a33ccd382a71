/** Graphs of the model in training: loss and gradients, curvature, and the loss alone. */

import { gradients } from "../autodiff/gradients.ts";
import { rematerialize } from "../autodiff/rematerialize.ts";
import { explain, GraphError } from "../base/errors.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { flattenParameters, type Parameter, rootScope } from "../nn/layer.ts";
import type { Builder } from "../ops/operator.ts";
import { createBuilder } from "../ops/registry.ts";
import type { ParameterSpec } from "../optim/transform.ts";
import { mixedBackward } from "../passes/mixed-backward.ts";
import { mixedModel } from "./mixed-model.ts";
import type { Model } from "./model.ts";
import { differentiationOf, type Precision } from "./scaled-loss.ts";

/** Name of the input that seeds in-graph randomness, where a model uses any. */
export const seedInput = "stepSeed";
/** Name of the loss output. */
export const lossOutput = "loss";

/** Prefixes of the names under which state enters and leaves step graphs. */
export const prefixes: { readonly gradient: string; readonly next: string } = { gradient: "gradient/", next: "next/" };

/** A model's graph while it is being built. */
export interface BuiltModel {
  readonly g: Builder;
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly values: ReadonlyMap<string, Value>;
  readonly loss: Value;
  /** Non-trainable tensors that the step replaces. */
  readonly updates: ReadonlyMap<string, Value>;
  /** The loss of the same batch, with the same random numbers, at other values of some parameters. */
  lossAt(changed: ReadonlyMap<string, Value>): Value;
}

/** Builds the loss of a batch from inputs for every parameter and for what is in a batch. */
export function buildModel(
  model: Model,
  batchSize: number,
  training: boolean,
  name: string,
  precision: Precision = "float32",
): BuiltModel {
  const built = buildSingle(model, batchSize, training, name);
  return precision === "mixed" ? mixedModel(built) : built;
}

/** The model as it declares itself: in float32. */
function buildSingle(model: Model, batchSize: number, training: boolean, name: string): BuiltModel {
  const g = createBuilder(name);
  const parameters = flattenParameters(model.parameters);
  const values = new Map<string, Value>();
  for (const [path, { dtype, shape }] of parameters) values.set(path, g.input(path, dtype, shape));
  const inputs: Record<string, Value> = {};
  for (const [input, { dtype, shape }] of Object.entries(model.inputs(batchSize)))
    inputs[input] = g.input(input, dtype, shape);
  let seed: Value | undefined;
  const stepSeed = (): Value => {
    seed ??= g.input(seedInput, "int32", []);
    return seed;
  };
  const lossOf = (at: ReadonlyMap<string, Value>, updates?: Map<string, Value>): Value =>
    buildLoss(model, g, inputs, at, training ? stepSeed : undefined, updates);
  const updates = new Map<string, Value>();
  const loss = lossOf(values, updates);
  return { g, parameters, values, loss, updates, lossAt: (changed) => lossOf(new Map([...values, ...changed])) };
}

function buildLoss(
  model: Model,
  g: Builder,
  inputs: Readonly<Record<string, Value>>,
  values: ReadonlyMap<string, Value>,
  stepSeed: (() => Value) | undefined,
  updates: Map<string, Value> | undefined,
): Value {
  const scope = rootScope(g, {
    training: stepSeed !== undefined,
    values: (path) => {
      const value = values.get(path);
      if (value === undefined)
        throw new GraphError(
          explain({
            api: model.name,
            action: `use parameter "${path}"`,
            received: "the model does not declare it",
            rule: "every parameter is a part of a layer",
          }),
        );
      return value;
    },
    onUpdate: (path, value) => updates?.set(path, value),
    ...(stepSeed === undefined ? {} : { stepSeed }),
  });
  const loss = model.loss(scope, inputs);
  if (loss.shape.length > 0)
    throw new GraphError(
      explain({
        api: model.name,
        action: "train",
        received: `its loss has shape [${loss.shape.join(", ")}]`,
        rule: "must be a scalar",
      }),
    );
  return loss;
}

/** Paths and shapes of what the optimizer changes. */
export function trainableOf(model: Model): ParameterSpec[] {
  return [...flattenParameters(model.parameters)]
    .filter(([, parameter]) => parameter.trainable)
    .map(([path, { shape, dtype }]) => ({ path, shape, dtype }));
}

/**
 * Loss and gradients of one batch.
 *
 * Inputs: every parameter by its path, the model's inputs, and {@link seedInput} if the model draws random numbers. Outputs:
 * {@link lossOutput}, `gradient/<path>` for each trainable parameter, `next/<path>` for each tensor the model replaces. In mixed precision
 * also the input {@link scaleInput} and the output {@link checkOutput}; the gradients are those of the loss itself.
 *
 * @param model - What to differentiate.
 * @param batchSize - Samples in a batch.
 * @param recompute - Compute the inner results of the model's segments again in the backward pass instead of keeping them.
 * @param precision - What it computes in.
 * @throws GraphError if a trainable parameter does not reach the loss.
 */
export function gradientGraph(
  model: Model,
  batchSize: number,
  recompute = false,
  precision: Precision = "float32",
): Graph {
  const built = buildModel(model, batchSize, true, `${model.name}-gradients`, precision);
  const { g, loss } = built;
  const forwardNodes = g.nodes.length;
  const differentiation = differentiationOf(g, precision);
  const paths = trainableOf(model).map((parameter) => parameter.path);
  const scaled = differentiation.scaled(
    loss,
    paths.map((path) => built.values.get(path) as Value),
  );
  const results = differentiation.unscaled(scaled);
  g.output(lossOutput, loss);
  differentiation.check(results);
  for (const [i, path] of paths.entries()) g.output(prefixes.gradient + path, results[i] as Value);
  for (const [path, value] of built.updates) g.output(prefixes.next + path, value);
  const { segmentOf } = model;
  const graph = mixedBackward(g.build(), forwardNodes);
  return recompute && segmentOf !== undefined ? rematerialize(graph, { forwardNodes, segmentOf }) : graph;
}

/** Loss of one batch of `batchSize` samples without gradients, dropout or changes of state. */
export function evaluationGraph(model: Model, batchSize: number, precision: Precision = "float32"): Graph {
  const { g, loss } = buildModel(model, batchSize, false, `${model.name}-evaluation`, precision);
  g.output(lossOutput, loss);
  return g.build();
}

/** Name of the input with the random direction of a parameter in which {@link curvatureGraph} looks. */
export function probeInput(path: string): string {
  return `probe/${path}`;
}

/** Name of the output with the estimate of a parameter. */
export function curvatureOutput(path: string): string {
  return `curvature/${path}`;
}

/**
 * Hutchinson's estimate of the diagonal of the Hessian: `u ⊙ H·u`, whose mean over random signs u is the diagonal.
 *
 * Inputs as of {@link gradientGraph}, and `probe/<path>` for each trainable parameter. Outputs: `curvature/<path>`.
 *
 * @param model - What to differentiate twice.
 * @param batchSize - Samples in a batch.
 * @throws GraphError if a trainable parameter does not reach the loss.
 */
export function curvatureGraph(model: Model, batchSize: number): Graph {
  const { g, values, loss } = buildModel(model, batchSize, true, `${model.name}-curvature`);
  const paths = trainableOf(model).map((parameter) => parameter.path);
  const wrt = paths.map((path) => values.get(path) as Value);
  const estimates = curvatureOf(g, gradients(g, loss, wrt), wrt, paths);
  for (const [i, path] of paths.entries()) g.output(curvatureOutput(path), estimates[i] as Value);
  return g.build();
}

/** Adds the probes and the second differentiation to a graph that has the gradients `grads` of `wrt`. */
export function curvatureOf(
  g: Builder,
  grads: readonly Value[],
  wrt: readonly Value[],
  paths: readonly string[],
): Value[] {
  const probes = paths.map((path, i) => g.input(probeInput(path), "float32", (wrt[i] as Value).shape));
  const along = grads
    .map((gradient, i) => g.op("ReduceSum", [g.op("Mul", [gradient, probes[i] as Value])], { keepdims: 0 }))
    .reduce((sum, value) => g.op("Add", [sum, value]));
  // A parameter in which the loss is linear has no curvature.
  const products = gradients(g, along, wrt, { unreachable: "null" });
  return products.map((product, i) => {
    const probe = probes[i] as Value;
    return g.op("Mul", [probe, product ?? g.op("Sub", [probe, probe])]);
  });
}

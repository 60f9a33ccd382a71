/** A training step as a single graph with named state, for targets and files where one program must do all. */

import { rematerialize } from "../autodiff/rematerialize.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { flattenParameters } from "../nn/layer.ts";
import type { Builder } from "../ops/operator.ts";
import { createBuilder } from "../ops/registry.ts";
import type { Transform } from "../optim/transform.ts";
import { mixedBackward } from "../passes/mixed-backward.ts";
import { savedName } from "./arena.ts";
import type { Model } from "./model.ts";
import { type Differentiation, differentiationOf, type Precision } from "./scaled-loss.ts";
import {
  type BuiltModel,
  buildModel,
  curvatureOf,
  gradientGraph,
  lossOutput,
  prefixes,
  trainableOf,
} from "./step-graph.ts";
import { appendUpdate, type StateEntry, sumOf, type WholeUpdate } from "./whole-update.ts";

/** Name of the output with the global norm of the gradients, where the optimizer needs it. */
export const normOutput = "gradientNorm";

/** A whole training step as one graph. */
export interface WholeStep extends Pick<WholeUpdate, "scalars"> {
  readonly graph: Graph;
  readonly state: readonly StateEntry[];
}

/** Options of {@link wholeStepGraph}. */
export interface WholeStepOptions {
  /**
   * Compute the inner results of the model's segments again in the backward pass instead of keeping them.
   * @defaultValue false
   */
  readonly recompute?: boolean;
  /**
   * What it computes in. In mixed precision the graph has the input `lossScale` and the output `gradientSum` too: where that is no finite
   * number, what the graph gives must not be taken.
   * @defaultValue "float32"
   */
  readonly precision?: Precision;
}

/**
 * Forward, backward and update in one graph: feed the state, fetch it as `next/…`, swap, repeat.
 *
 * Never feed and fetch the same memory: ONNX Runtime chooses its own order of nodes and may update a weight before its last reader.
 *
 * A transformation that wants curvature gets it at every step here, used or not, from a random ±1 that is fed for each element
 * of `probe/<path>`, and slots are refreshed at every step, taken or not: one graph cannot leave out a part of itself.
 *
 * @param model - What is trained.
 * @param optimizer - Becomes part of the graph.
 * @param batchSize - Samples in a batch: shapes are static.
 * @param options - See {@link WholeStepOptions}.
 * @throws GraphError if a trainable parameter does not reach the loss.
 */
export function wholeStepGraph(
  model: Model,
  optimizer: Transform,
  batchSize: number,
  options: WholeStepOptions = {},
): WholeStep {
  const precision = options.precision ?? "float32";
  const built = buildModel(model, batchSize, true, `${model.name}-step`, precision);
  const { g, loss } = built;
  const differentiation = differentiationOf(g, precision);
  const forwardNodes = g.nodes.length;
  const specs = trainableOf(model);
  const transforms = transformsOf(model, optimizer);
  const paths = specs.map(({ path }) => path);
  const values = paths.map((path) => built.values.get(path) as Value);
  const scaled = differentiation.scaled(loss, values);
  const atValues = differentiation.unscaled(scaled);
  const curvature = [...transforms.values()].some(({ curvatureEvery }) => curvatureEvery !== undefined)
    ? differentiation.unscaled(curvatureOf(g, scaled, values, paths))
    : null;
  const grads = perturbedGradients(built, paths, transforms, atValues, differentiation) ?? atValues;
  g.output(lossOutput, loss);
  differentiation.check([...new Set([...atValues, ...grads, ...(curvature ?? [])])]);
  const update = appendUpdate({
    g,
    members: specs.map((spec, i) => ({
      spec,
      transform: transforms.get(spec.path) as Transform,
      value: values[i] as Value,
      gradient: grads[i] as Value,
      ...(curvature === null ? {} : { curvature: curvature[i] as Value }),
    })),
    globalNorm: globalNormOf(g, transforms, grads),
  });
  for (const [path, value] of built.updates) g.output(prefixes.next + path, value);
  const { segmentOf } = model;
  const graph = mixedBackward(g.build(), forwardNodes);
  return {
    graph:
      options.recompute === true && segmentOf !== undefined ? rematerialize(graph, { forwardNodes, segmentOf }) : graph,
    state: [...parameterEntries(model, transforms), ...update.state],
    scalars: update.scalars,
  };
}

/**
 * The update alone: inputs are the trained parameters by path, `gradient/<path>` for each, the slots and scalars; outputs as those of the
 * whole step. For steps over several batches.
 *
 * @param model - What is trained.
 * @param optimizer - Must not perturb parameters or want curvature: both need the batch.
 */
export function wholeUpdateGraph(model: Model, optimizer: Transform): WholeStep {
  const g = createBuilder(`${model.name}-update`);
  const transforms = transformsOf(model, optimizer);
  const members = trainableOf(model).map((spec) => ({
    spec,
    transform: transforms.get(spec.path) as Transform,
    value: g.input(spec.path, spec.dtype, spec.shape),
    gradient: g.input(prefixes.gradient + spec.path, spec.dtype, spec.shape),
  }));
  const globalNorm = globalNormOf(
    g,
    transforms,
    members.map(({ gradient }) => gradient),
  );
  const update = appendUpdate({ g, members, globalNorm });
  return {
    graph: g.build(),
    state: [...parameterEntries(model, transforms), ...update.state],
    scalars: update.scalars,
  };
}

/** Options of {@link accumulatedGradientGraph}. */
export interface AccumulatedGradientOptions extends WholeStepOptions {
  /** Batches of a step: each gradient counts for that share of it. */
  readonly accumulate: number;
  /** Add to the sums that enter as `gradient/<path>`; otherwise the batch is the first and starts them. */
  readonly adding: boolean;
}

/**
 * Loss and gradients of one of the batches of a step: `next/gradient/<path>` is the sum so far of their shares in the mean.
 *
 * @param model - What to differentiate.
 * @param batchSize - Samples in a batch.
 * @param options - See {@link AccumulatedGradientOptions}.
 */
export function accumulatedGradientGraph(model: Model, batchSize: number, options: AccumulatedGradientOptions): Graph {
  const one = gradientGraph(model, batchSize, options.recompute, options.precision);
  const g = createBuilder(`${one.name}-${options.adding ? "add" : "start"}`);
  const results = g.inline(
    one,
    one.inputs.map(({ name, dtype, shape }) => g.input(name, dtype, shape)),
  );
  for (const [i, { name }] of one.outputs.entries()) {
    const result = results[i] as Value;
    if (!name.startsWith(prefixes.gradient)) {
      g.output(name, result);
      continue;
    }
    const share = g.op("Mul", [result, g.scalar(1 / options.accumulate)]);
    const sum = options.adding ? g.op("Add", [g.input(name, result.dtype, result.shape), share]) : share;
    g.output(prefixes.next + name, sum);
  }
  return g.build();
}

/** What updates each trainable parameter, by path. */
export function transformsOf(model: Model, optimizer: Transform): Map<string, Transform> {
  return new Map(trainableOf(model).map((spec) => [spec.path, optimizer.forParameter?.(spec) ?? optimizer]));
}

function parameterEntries(model: Model, transforms: ReadonlyMap<string, Transform>): StateEntry[] {
  return [...flattenParameters(model.parameters)].map(([name, { shape, dtype }]) => {
    return { name, shape, dtype, fill: null, saved: savedName.parameter(name, transforms.get(name)) };
  });
}

/** The norm of all gradients, given out too, or null if no transformation needs it. */
function globalNormOf(g: Builder, transforms: ReadonlyMap<string, Transform>, grads: readonly Value[]): Value | null {
  if (![...transforms.values()].some((transform) => transform.needsGlobalNorm)) return null;
  const norm = normOf(g, grads);
  g.output(normOutput, norm);
  return norm;
}

/** Gradients at the perturbed parameters, or null if nothing perturbs. */
function perturbedGradients(
  { g, values, lossAt }: BuiltModel,
  paths: readonly string[],
  transforms: ReadonlyMap<string, Transform>,
  grads: readonly Value[],
  differentiation: Differentiation,
): Value[] | null {
  if (![...transforms.values()].some((transform) => transform.perturb !== undefined)) return null;
  const globalNorm = normOf(g, grads);
  const moved = paths.map((path, i): [string, Value] => {
    const [parameter, gradient] = [values.get(path) as Value, grads[i] as Value];
    const shift = transforms.get(path)?.perturb?.({ g, parameter, gradient, globalNorm });
    // A value of its own for each: the gradient must not go through the perturbation of others.
    return [path, shift === undefined ? g.op("Identity", [parameter]) : g.op("Add", [parameter, shift])];
  });
  const loss = g.scope("perturbed", () => lossAt(new Map(moved)));
  return differentiation.unscaled(
    differentiation.scaled(
      loss,
      moved.map(([, value]) => value),
    ),
  );
}

function normOf(g: Builder, values: readonly Value[]): Value {
  const squares = values.map((value) => {
    const axes = g.ints(value.shape.map((_, axis) => axis));
    return g.op("ReduceSum", [g.op("Mul", [value, value]), axes], { keepdims: 0 });
  });
  return g.op("Sqrt", [sumOf(g, squares)]);
}

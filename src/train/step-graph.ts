/**
 * The graphs of one training step. Split form: gradients in one graph, the update in another over flat memory. Whole form:
 * forward, backward and update in a single graph with named state, for targets and files where one program must do all.
 */

import { gradients } from "../autodiff/gradients.ts";
import { rematerialize } from "../autodiff/rematerialize.ts";
import { explain, GraphError } from "../base/errors.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { flattenParameters, type Parameter, rootScope } from "../nn/layer.ts";
import type { Builder } from "../ops/operator.ts";
import { createBuilder } from "../ops/registry.ts";
import type { ParameterSpec, Transform } from "../optim/transform.ts";
import type { Model } from "./model.ts";

/** Name of the input that seeds in-graph randomness, where a model uses any. */
export const seedInput = "stepSeed";
/** Name of the loss output. */
export const lossOutput = "loss";

/** Prefixes of the names under which state enters and leaves step graphs. */
export const prefixes: { readonly gradient: string; readonly next: string } = { gradient: "gradient/", next: "next/" };

/** A model's graph while it is being built. */
interface BuiltModel {
  readonly g: Builder;
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly values: ReadonlyMap<string, Value>;
  readonly loss: Value;
  /** Non-trainable tensors that the step replaces. */
  readonly updates: ReadonlyMap<string, Value>;
}

function buildModel(model: Model, batchSize: number, training: boolean, name: string): BuiltModel {
  const g = createBuilder(name);
  const parameters = flattenParameters(model.parameters);
  const values = new Map<string, Value>();
  for (const [path, { dtype, shape }] of parameters) values.set(path, g.input(path, dtype, shape));
  const inputs: Record<string, Value> = {};
  for (const [input, { dtype, shape }] of Object.entries(model.inputs(batchSize)))
    inputs[input] = g.input(input, dtype, shape);
  const updates = new Map<string, Value>();
  let seed: Value | undefined;
  const scope = rootScope(g, {
    training,
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
    onUpdate: (path, value) => updates.set(path, value),
    ...(training
      ? {
          stepSeed: () => {
            seed ??= g.input(seedInput, "int32", []);
            return seed;
          },
        }
      : {}),
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
  return { g, parameters, values, loss, updates };
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
 * {@link lossOutput}, `gradient/<path>` for each trainable parameter, `next/<path>` for each tensor the model replaces.
 *
 * @param model - What to differentiate.
 * @param batchSize - Samples in a batch.
 * @param recompute - Compute the inner results of the model's segments again in the backward pass instead of keeping them.
 * @throws GraphError if a trainable parameter does not reach the loss.
 */
export function gradientGraph(model: Model, batchSize: number, recompute = false): Graph {
  const built = buildModel(model, batchSize, true, `${model.name}-gradients`);
  const { g, loss } = built;
  const forwardNodes = g.nodes.length;
  const paths = trainableOf(model).map((parameter) => parameter.path);
  const results = gradients(
    g,
    loss,
    paths.map((path) => built.values.get(path) as Value),
  );
  g.output(lossOutput, loss);
  for (const [i, path] of paths.entries()) g.output(prefixes.gradient + path, results[i] as Value);
  for (const [path, value] of built.updates) g.output(prefixes.next + path, value);
  const { segmentOf } = model;
  return recompute && segmentOf !== undefined ? rematerialize(g.build(), { forwardNodes, segmentOf }) : g.build();
}

/** Loss of one batch of `batchSize` samples without gradients, dropout or changes of state. */
export function evaluationGraph(model: Model, batchSize: number): Graph {
  const { g, loss } = buildModel(model, batchSize, false, `${model.name}-evaluation`);
  g.output(lossOutput, loss);
  return g.build();
}

/** Name of a scalar input of an update graph. */
export function scalarInput(name: string): string {
  return `scalar/${name}`;
}

/** Name of a slot's input. */
export function slotInput(slot: string, path = ""): string {
  return path === "" ? `slot/${slot}` : `slot/${slot}/${path}`;
}

/** Name of the input that carries the global norm of the gradients. */
export const globalNormInput = "globalNorm";

/**
 * One transformation applied to one stretch of parameters.
 *
 * Inputs: `parameter`, `gradient`, the slots, the scalars and, if asked for, the global norm. Outputs: `next/parameter`, `next/<slot>`.
 *
 * @param transform - What to apply.
 * @param shape - Shape of the stretch: flat for elementwise transformations, the parameter's own for the others.
 */
export function updateGraph(transform: Transform, shape: readonly number[]): Graph {
  const g = createBuilder(`${transform.name}-update`);
  const parameter = g.input("parameter", "float32", shape);
  const gradient = g.input("gradient", "float32", shape);
  const state = Object.fromEntries(
    Object.keys(transform.slots).map((slot) => [slot, g.input(slotInput(slot), "float32", shape)]),
  );
  const scalars = Object.fromEntries(
    Object.keys(transform.scalars(0)).map((name) => [name, g.input(scalarInput(name), "float32", [])]),
  );
  const globalNorm = transform.needsGlobalNorm === true ? g.input(globalNormInput, "float32", []) : null;
  const result = transform.update({ g, gradient, parameter, state, scalars, globalNorm });
  g.output(`${prefixes.next}parameter`, g.op("Add", [parameter, result.update]));
  for (const [slot, value] of Object.entries(result.state)) g.output(prefixes.next + slotInput(slot), value);
  return g.build();
}

/** Sum of squares of a flat stretch, as one element. */
export function squaredNormGraph(length: number): Graph {
  const g = createBuilder("squared-norm");
  const x = g.input("x", "float32", [length]);
  g.output("sum", g.op("ReduceSum", [g.op("Mul", [x, x]), g.ints([0])], { keepdims: 1 }));
  return g.build();
}

/** Square root of the sum of partial sums of squares. */
export function normGraph(count: number): Graph {
  const g = createBuilder("norm");
  const partial = g.input("partial", "float32", [count]);
  g.output("norm", g.op("Sqrt", [g.op("ReduceSum", [partial, g.ints([0])], { keepdims: 0 })]));
  return g.build();
}

/** `x·weight` ("start") or `sum + x·weight` ("add"): gathers the gradients of several batches. */
export function accumulateGraph(length: number, kind: "start" | "add"): Graph {
  const g = createBuilder(`accumulate-${kind}`);
  const sum = kind === "add" ? g.input("sum", "float32", [length]) : null;
  const x = g.input("x", "float32", [length]);
  const weighted = g.op("Mul", [x, g.input("weight", "float32", [])]);
  g.output("next", sum === null ? weighted : g.op("Add", [sum, weighted]));
  return g.build();
}

/** State of a {@link wholeStepGraph}: a tensor that enters under `name` and leaves under `next/name`. */
export interface StateEntry {
  readonly name: string;
  readonly shape: readonly number[];
  /** Value of every element before the first step; `null` for parameters, which have initialisers. */
  readonly fill: number | null;
}

/** A whole training step as one graph. */
export interface WholeStep {
  readonly graph: Graph;
  readonly state: readonly StateEntry[];
  /** Scalar inputs as a function of the steps completed. */
  scalars(step: number): Record<string, number>;
}

/**
 * Forward, backward and update in one graph: feed the state, fetch it as `next/…`, swap, repeat.
 *
 * Never feed and fetch the same memory: ONNX Runtime chooses its own order of nodes and may update a weight before its last reader.
 *
 * @param model - What is trained.
 * @param optimizer - Becomes part of the graph.
 * @param batchSize - Samples in a batch: shapes are static.
 * @throws GraphError if a trainable parameter does not reach the loss.
 */
export function wholeStepGraph(model: Model, optimizer: Transform, batchSize: number): WholeStep {
  const built = buildModel(model, batchSize, true, `${model.name}-step`);
  const { g, loss } = built;
  const parameters = trainableOf(model);
  const values = parameters.map(({ path }) => built.values.get(path) as Value);
  const grads = gradients(g, loss, values);
  const transforms = parameters.map((parameter) => optimizer.forParameter?.(parameter) ?? optimizer);
  const globalNorm = transforms.some((transform) => transform.needsGlobalNorm)
    ? g.op("Sqrt", [
        sumOf(
          g,
          grads.map((value) => squaredSum(g, value)),
        ),
      ])
    : null;
  g.output(lossOutput, loss);
  const state: StateEntry[] = [...built.parameters].map(([name, { shape }]) => ({ name, shape, fill: null }));
  const scalarValues = new Map<string, Value>();
  const group = new Map<Transform, number>();
  for (const [i, parameter] of parameters.entries()) {
    const transform = transforms[i] as Transform;
    if (!group.has(transform)) group.set(transform, group.size);
    const scalars: Record<string, Value> = {};
    for (const name of Object.keys(transform.scalars(0))) {
      const key = scalarInput(`${group.get(transform)}/${name}`);
      let value = scalarValues.get(key);
      if (value === undefined) {
        value = g.input(key, "float32", []);
        scalarValues.set(key, value);
      }
      scalars[name] = value;
    }
    const slots: Record<string, Value> = {};
    for (const [slot, { fill }] of Object.entries(transform.slots)) {
      const name = slotInput(slot, parameter.path);
      slots[slot] = g.input(name, "float32", parameter.shape);
      state.push({ name, shape: parameter.shape, fill });
    }
    const result = g.scope("update", () =>
      transform.update({
        g,
        gradient: grads[i] as Value,
        parameter: values[i] as Value,
        state: slots,
        scalars,
        globalNorm,
      }),
    );
    g.output(prefixes.next + parameter.path, g.op("Add", [values[i] as Value, result.update]));
    for (const [slot, value] of Object.entries(result.state))
      g.output(prefixes.next + slotInput(slot, parameter.path), value);
  }
  for (const [path, value] of built.updates) g.output(prefixes.next + path, value);
  return {
    graph: g.build(),
    state,
    scalars: (step) => {
      const result: Record<string, number> = {};
      for (const [transform, index] of group)
        for (const [name, value] of Object.entries(transform.scalars(step)))
          result[scalarInput(`${index}/${name}`)] = value;
      return result;
    },
  };
}

function squaredSum(g: Builder, value: Value): Value {
  const axes = g.ints(value.shape.map((_, axis) => axis));
  return g.op("ReduceSum", [g.op("Mul", [value, value]), axes], { keepdims: 0 });
}

function sumOf(g: Builder, values: readonly Value[]): Value {
  return values.reduce((sum, value) => g.op("Add", [sum, value]));
}

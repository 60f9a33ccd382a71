/**
 * A compiled training step with its state: parameters, gradients and optimizer slots in memory that never moves. One
 * instance is one model being trained.
 */

import { explain, RuntimeError, ShapeError } from "../base/errors.ts";
import { RandomStream } from "../base/random.ts";
import type { Graph } from "../graph/graph.ts";
import { flattenParameters } from "../nn/layer.ts";
import type { Transform } from "../optim/transform.ts";
import {
  type Call,
  type DeviceBuffer,
  type Executable,
  type Plan,
  type Runtime,
  type View,
  viewOf,
} from "../runtime/runtime.ts";
import { arrayTypeOf } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import { type Arena, layOut } from "./arena.ts";
import { chunkLength, chunksOf, loadProgram } from "./flat.ts";
import { allocateMemory, initializeMemory, type Memory, type StateTensor } from "./memory.ts";
import type { Batch, Model } from "./model.ts";
import {
  accumulateGraph,
  evaluationGraph,
  gradientGraph,
  lossOutput,
  prefixes,
  seedInput,
  trainableOf,
} from "./step-graph.ts";
import { planUpdate } from "./update-plan.ts";

/** What {@link createStepProgram} needs. */
export interface StepProgramOptions {
  /** Where it runs. */
  readonly runtime: Runtime;
  /** What is trained. */
  readonly model: Model;
  /** What turns gradients into updates. */
  readonly optimizer: Transform;
  /** Samples in one batch. */
  readonly batchSize: number;
  /**
   * Batches whose gradients are averaged before one update.
   * @defaultValue 1
   */
  readonly accumulate?: number;
  /** Seed of initial parameters and of in-graph randomness. */
  readonly seed: number;
  /**
   * Compute the inner results of the model's segments again in the backward pass instead of keeping them: much less memory for
   * activations, about a third more time.
   * @defaultValue false
   */
  readonly recompute?: boolean;
  /**
   * Compile the evaluation too, so that no session is made once training has begun.
   * @defaultValue false: it is compiled when first used
   */
  readonly evaluation?: boolean;
}

/** What one step reports. */
export interface StepResult {
  /** Mean loss over the step's batches [nats]. */
  readonly loss: number;
  /** Global norm of the averaged gradient before clipping, when the optimizer needs it. */
  readonly gradientNorm?: number;
}

/** A compiled step. Steps and evaluations must not overlap: await each. */
export interface StepProgram extends AsyncDisposable {
  /** Trainable numbers. */
  readonly parameterCount: number;
  /** Everything a checkpoint must hold, by name: `model/<path>`, `optimizer/<slot>/<path>`. */
  readonly state: ReadonlyMap<string, StateTensor>;
  /** Parameters by path, as views: for generation and export while training. */
  readonly parameters: ReadonlyMap<string, StateTensor>;
  /**
   * One optimizer step.
   *
   * @param step - Steps completed before this one; decides schedules and in-graph randomness.
   * @param batches - As many as `accumulate` says.
   */
  step(step: number, batches: readonly Batch[]): Promise<StepResult>;
  /** Loss of a batch as in evaluation: no dropout, no change of state. Compiled on first use. */
  evaluate(batch: Batch): Promise<number>;
}

/**
 * Compiles a model and an optimizer into a step and fills its state: parameters from their initialisers, each with a random
 * stream named after its path; slots with their starting value.
 *
 * @param options - See {@link StepProgramOptions}.
 * @returns The program; dispose it before its runtime.
 * @throws GraphError if a parameter does not reach the loss; RangeError for a batch size that is not a positive integer.
 */
export async function createStepProgram(options: StepProgramOptions): Promise<StepProgram> {
  const { runtime, model, optimizer, batchSize, accumulate = 1 } = options;
  for (const [name, value] of Object.entries({ batchSize, accumulate }))
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(
        explain({ api: "train", action: `use ${name}`, received: `got ${value}`, rule: "must be a positive integer" }),
      );
  const declared = flattenParameters(model.parameters);
  const arena = layOut(trainableOf(model), optimizer);
  const memory = allocateMemory(runtime, declared, arena);
  await initializeMemory(declared, memory, options.seed);
  const inputs = allocateInputs(runtime, model, batchSize);
  const gradient = gradientGraph(model, batchSize, options.recompute);
  // What fails half way leaves nothing in the runtime.
  await using loading = new AsyncDisposableStack();
  const calls = await gradientCalls(runtime, gradient, memory, inputs, arena, accumulate, loading);
  const update = await planUpdate(runtime, arena, memory, loading);
  const prepare = async (list: readonly Call[]): Promise<Plan> => loading.use(await runtime.prepare(list));
  // A step is one trip to the engine for each batch: the update rides with the last.
  const last = await prepare([...(calls.again ?? calls.first), ...update.calls]);
  const first = accumulate === 1 ? last : await prepare(calls.first);
  const middle = accumulate <= 2 ? last : await prepare(calls.again as Call[]);
  const seeds = new RandomStream(options.seed, "step");
  const prepareEvaluation = async (owner: AsyncDisposableStack): Promise<Plan> => {
    const { graph, executable } = await loadProgram(runtime, evaluationGraph(model, batchSize));
    owner.use(executable);
    const outputs = { [lossOutput]: viewOf(memory.loss, []) };
    return owner.use(await runtime.prepare([{ executable, inputs: bind(graph, memory, inputs), outputs }]));
  };
  let evaluation = options.evaluation === true ? await prepareEvaluation(loading) : undefined;
  const owned = loading.move();

  return {
    parameterCount: arena.places.reduce((sum, place) => sum + sizeOf(place.shape), 0),
    state: memory.state,
    parameters: memory.parameters,
    step: async (step, batches) => {
      if (batches.length !== accumulate)
        throw new RangeError(
          explain({
            api: "step",
            action: "run",
            received: `got ${batches.length} batches`,
            rule: `this program takes ${accumulate}`,
          }),
        );
      let loss = 0;
      await update.feedScalars(step);
      for (const [i, batch] of batches.entries()) {
        await feed(inputs, batch);
        const seed = seeds.uint32(step * accumulate + i) | 0;
        await inputs.get(seedInput)?.buffer.write(Int32Array.of(seed));
        await (i === accumulate - 1 ? last : i === 0 ? first : middle).run();
        loss += Number((await memory.loss.read())[0]);
        for (const [from, to] of memory.replaced) await to.buffer.write(await from.buffer.read());
      }
      const norm = update.norm === null ? {} : { gradientNorm: Number((await update.norm.read())[0]) };
      return { loss: loss / accumulate, ...norm };
    },
    evaluate: async (batch) => {
      evaluation ??= await prepareEvaluation(owned);
      await feed(inputs, batch);
      await evaluation.run();
      return Number((await memory.loss.read())[0]);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function allocateInputs(runtime: Runtime, model: Model, batchSize: number): Map<string, View> {
  const inputs = new Map<string, View>();
  for (const [name, { dtype, shape }] of Object.entries(model.inputs(batchSize)))
    inputs.set(name, viewOf(runtime.createBuffer(dtype, sizeOf(shape)), shape));
  inputs.set(seedInput, viewOf(runtime.createBuffer("int32", 1), []));
  return inputs;
}

async function feed(inputs: ReadonlyMap<string, View>, batch: Batch): Promise<void> {
  for (const [name, view] of inputs) {
    if (name === seedInput) continue;
    const data = batch[name];
    if (data !== undefined && !(data instanceof arrayTypeOf(view.buffer.dtype)))
      throw new TypeError(
        explain({
          api: "step",
          action: `feed "${name}"`,
          received: `got a ${data.constructor.name}`,
          rule: `the model takes ${view.buffer.dtype}, held in a ${arrayTypeOf(view.buffer.dtype).name}`,
        }),
      );
    if (data === undefined || data.length !== view.buffer.length)
      throw new ShapeError(
        explain({
          api: "step",
          action: `feed "${name}"`,
          received: data === undefined ? "the batch lacks it" : `got ${data.length} elements`,
          rule: `the model takes ${view.buffer.length} (${view.shape.join("×")}) of ${view.buffer.dtype}`,
        }),
      );
    await view.buffer.write(data);
  }
}

/** Views for every input of a graph that is a parameter or part of a batch. */
function bind(graph: Graph, memory: Memory, inputs: ReadonlyMap<string, View>): Record<string, View> {
  const views: Record<string, View> = {};
  for (const { name } of graph.inputs) {
    const view = memory.parameters.get(name)?.view ?? inputs.get(name);
    if (view === undefined) throw new RuntimeError(`${graph.name}: cannot bind "${name}": no memory has that name`);
    views[name] = view;
  }
  return views;
}

async function gradientCalls(
  runtime: Runtime,
  graph: Graph,
  memory: Memory,
  inputs: ReadonlyMap<string, View>,
  arena: Arena,
  accumulate: number,
  owner: AsyncDisposableStack,
): Promise<{ first: Call[]; again: Call[] | null }> {
  const { graph: program, executable } = await loadProgram(runtime, graph);
  owner.use(executable);
  const outputs = (gradients: DeviceBuffer): Record<string, View> => {
    const views: Record<string, View> = { [lossOutput]: viewOf(memory.loss, []) };
    for (const { path, shape, offset } of arena.places)
      views[prefixes.gradient + path] = viewOf(gradients, shape, offset);
    for (const { name } of program.outputs) {
      if (!name.startsWith(prefixes.next)) continue;
      const { view } = memory.parameters.get(name.slice(prefixes.next.length)) as StateTensor;
      // Written beside its home: the graph may read the old value after it has computed the new one.
      const next = viewOf(runtime.createBuffer(view.buffer.dtype, view.buffer.length), view.shape);
      memory.replaced.push([next, view]);
      views[name] = next;
    }
    return views;
  };
  const call = (gradients: DeviceBuffer): Call => ({
    executable,
    inputs: bind(program, memory, inputs),
    outputs: outputs(gradients),
  });
  if (accumulate === 1) return { first: [call(memory.gradient)], again: null };

  // The first batch starts the sum, the others add to it.
  const scratch = runtime.createBuffer("float32", arena.length);
  const weight = viewOf(runtime.createBuffer("float32", 1), []);
  await weight.buffer.write(Float32Array.of(1 / accumulate));
  const flat = ["sum", "x", "next"];
  const { executable: start } = await loadProgram(runtime, accumulateGraph(chunkLength, "start"), flat.slice(1));
  owner.use(start);
  const { executable: add } = await loadProgram(runtime, accumulateGraph(chunkLength, "add"), flat);
  owner.use(add);
  const gather = (program: Executable, adding: boolean): Call[] =>
    chunksOf(0, arena.length).map(([begin, end]) => {
      const sum = viewOf(memory.gradient, [end - begin], begin);
      const x = viewOf(scratch, [end - begin], begin);
      return { executable: program, inputs: adding ? { sum, x, weight } : { x, weight }, outputs: { next: sum } };
    });
  const gradients = call(scratch);
  return {
    first: [gradients, ...gather(start, false)],
    again: [gradients, ...gather(add, true)],
  };
}

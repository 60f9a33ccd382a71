/** The calls that compute the gradients of a step, and those that estimate curvature. */

import { explain, RuntimeError, ShapeError } from "../base/errors.ts";
import { RandomStream } from "../base/random.ts";
import type { Graph } from "../graph/graph.ts";
import { type Call, type DeviceBuffer, type Executable, type Runtime, type View, viewOf } from "../runtime/runtime.ts";
import { arrayTypeOf } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Arena } from "./arena.ts";
import { chunkLength, chunksOf, loadProgram } from "./flat.ts";
import type { Memory, StateTensor } from "./memory.ts";
import type { Batch, Model } from "./model.ts";
import { curvatureGraph, curvatureOutput, lossOutput, prefixes, probeInput, seedInput } from "./step-graph.ts";
import { accumulateGraph } from "./update-graph.ts";

/** Memory with the host for one batch and for the seed of a step. */
export function allocateInputs(runtime: Runtime, model: Model, batchSize: number): Map<string, View> {
  const inputs = new Map<string, View>();
  for (const [name, { dtype, shape }] of Object.entries(model.inputs(batchSize)))
    inputs.set(name, viewOf(runtime.createBuffer(dtype, sizeOf(shape), "host"), shape));
  inputs.set(seedInput, viewOf(runtime.createBuffer("int32", 1, "host"), []));
  return inputs;
}

/**
 * Writes a batch into the inputs.
 *
 * @throws TypeError or ShapeError naming the input.
 */
export async function feed(inputs: ReadonlyMap<string, View>, batch: Batch): Promise<void> {
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

/** Throws RangeError unless a step is given as many batches as its program takes. */
export function requireCount(batches: readonly Batch[], accumulate: number): void {
  if (batches.length !== accumulate)
    throw new RangeError(
      explain({
        api: "step",
        action: "run",
        received: `got ${batches.length} batches`,
        rule: `this program takes ${accumulate}`,
      }),
    );
}

/** Views for every input of a graph that is a parameter or part of a batch. */
export function bind(
  graph: Graph,
  parameters: ReadonlyMap<string, StateTensor>,
  inputs: ReadonlyMap<string, View>,
): Record<string, View> {
  const views: Record<string, View> = {};
  for (const { name } of graph.inputs) {
    const view = parameters.get(name)?.view ?? inputs.get(name);
    if (view === undefined) throw new RuntimeError(`${graph.name}: cannot bind "${name}": no memory has that name`);
    views[name] = view;
  }
  return views;
}

/** Calls that leave the gradient of one batch; `again` adds to what is there, and is null if a step has one batch. */
export interface GradientCalls {
  readonly first: readonly Call[];
  readonly again: readonly Call[] | null;
}

/**
 * Plans the gradients of a step.
 *
 * @param runtime - Where it runs.
 * @param graph - From `gradientGraph`.
 * @param memory - Parameters, and where gradients and replaced tensors go.
 * @param inputs - From {@link allocateInputs}.
 * @param arena - Layout of the flat buffers.
 * @param accumulate - Batches of a step; the gradient is their mean.
 * @param owner - Disposes the programs that the plan loads.
 */
export async function gradientCalls(
  runtime: Runtime,
  graph: Graph,
  memory: Memory,
  inputs: ReadonlyMap<string, View>,
  arena: Arena,
  accumulate: number,
  owner: AsyncDisposableStack,
): Promise<GradientCalls> {
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
    inputs: bind(program, memory.parameters, inputs),
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

/** Estimates of the Hessian's diagonal. */
export interface CurvaturePlan {
  /** Where the last estimate is, laid out like the gradients. */
  readonly buffer: DeviceBuffer;
  readonly calls: readonly Call[];
  /** Draws the random signs of a step. */
  feedProbe(step: number): Promise<void>;
}

/**
 * Plans Hutchinson's estimate on one batch.
 *
 * @param runtime - Where it runs.
 * @param model - What is differentiated twice.
 * @param batchSize - Samples in a batch.
 * @param memory - Parameters.
 * @param inputs - From {@link allocateInputs}.
 * @param arena - Layout of the flat buffers.
 * @param seed - Decides the signs, with the step.
 * @param owner - Disposes the program that the plan loads.
 */
export async function planCurvature(
  runtime: Runtime,
  model: Model,
  batchSize: number,
  memory: Memory,
  inputs: ReadonlyMap<string, View>,
  arena: Arena,
  seed: number,
  owner: AsyncDisposableStack,
): Promise<CurvaturePlan> {
  const { graph, executable } = await loadProgram(runtime, curvatureGraph(model, batchSize));
  owner.use(executable);
  const probe = runtime.createBuffer("float32", arena.length);
  const buffer = runtime.createBuffer("float32", arena.length);
  const probes = arena.places.map(({ path, shape, offset }): [string, View] => [
    probeInput(path),
    viewOf(probe, shape, offset),
  ]);
  const outputs = arena.places.map(({ path, shape, offset }): [string, View] => [
    curvatureOutput(path),
    viewOf(buffer, shape, offset),
  ]);
  const stream = new RandomStream(seed, "probe");
  return {
    buffer,
    calls: [
      {
        executable,
        inputs: bind(graph, memory.parameters, new Map([...inputs, ...probes])),
        outputs: Object.fromEntries(outputs),
      },
    ],
    feedProbe: (step) => probe.write(probeSigns(stream, step, arena.length)),
  };
}

/** Random ±1 for every element of the arena: one bit each. */
export function probeSigns(stream: RandomStream, step: number, length: number): Float32Array {
  const signs = new Float32Array(length);
  const words = Math.ceil(length / 32);
  for (let word = 0; word < words; word++) {
    const bits = stream.uint32(step * words + word);
    const end = Math.min(length - word * 32, 32);
    for (let bit = 0; bit < end; bit++) signs[word * 32 + bit] = (bits >>> bit) & 1 ? 1 : -1;
  }
  return signs;
}

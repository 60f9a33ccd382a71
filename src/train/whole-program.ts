/**
 * A step program for devices with memory of their own (GPUs): the whole step is one graph over state that stays on the device. What a
 * step copies is the batch, a few scalars and the loss.
 */

import { explain, UsageError } from "../base/errors.ts";
import { RandomStream } from "../base/random.ts";
import type { Graph } from "../graph/graph.ts";
import { flattenParameters } from "../nn/layer.ts";
import type { Transform } from "../optim/transform.ts";
import { describeUnsupported, unsupportedNodes } from "../passes/target-support.ts";
import { type Runtime, type View, viewOf } from "../runtime/runtime.ts";
import { arrayTypeOf } from "../tensor/dtype.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { layOut } from "./arena.ts";
import { optimizerFeedback } from "./feedback.ts";
import { loadProgram } from "./flat.ts";
import { allocateInputs, feed, probeSigns, requireCount } from "./gradient-plan.ts";
import { createLossScale } from "./loss-scale.ts";
import type { StateTensor } from "./memory.ts";
import type { Model } from "./model.ts";
import { PingPong, type StateProgram } from "./ping-pong.ts";
import { checkOutput, scaleInput } from "./scaled-loss.ts";
import { evaluationGraph, lossOutput, prefixes, probeInput, seedInput, trainableOf } from "./step-graph.ts";
import type { StepProgram, StepProgramOptions } from "./step-program.ts";
import { slotInput } from "./update-graph.ts";
import { accumulatedGradientGraph, normOutput, transformsOf, wholeStepGraph, wholeUpdateGraph } from "./whole-step.ts";
import type { StateEntry, WholeUpdate } from "./whole-update.ts";

/** The graphs of a step. Without accumulation the first is all. */
interface StepGraphs extends Pick<WholeUpdate, "state" | "scalars"> {
  readonly first: Graph;
  /** Another batch of the same step, and the update behind the last; null without accumulation. */
  readonly again: Graph | null;
  readonly update: Graph | null;
}

/**
 * Compiles a step over ping-pong state. Same contract as `createStepProgram`, which chooses by the memory of the runtime.
 *
 * @param options - As for `createStepProgram`.
 * @throws UsageError for an optimizer that looks at a batch twice (curvature, perturbation) where steps have several batches.
 */
export async function createWholeProgram(options: StepProgramOptions): Promise<StepProgram> {
  const { runtime, model, optimizer, batchSize, accumulate = 1, seed, precision = "float32" } = options;
  const transforms = transformsOf(model, optimizer);
  const distinct = [...new Set(transforms.values())];
  if (accumulate > 1) refuseSecondLooks(runtime, distinct);
  const arena = layOut(trainableOf(model), optimizer); // the layout of flat memory: signs are drawn in its order everywhere
  const graphs = stepGraphs(options);
  const inputs = allocateInputs(runtime, model, batchSize);
  const batchInputs = new Map([...inputs].filter(([name]) => name !== seedInput));
  const fixed = fixedMemory(runtime, graphs, inputs);

  await using loading = new AsyncDisposableStack();
  let owner = loading;
  const warnings: string[] = [];
  const memory = loading.use(new PingPong(runtime));
  declareState(memory, graphs, model);
  await initializeState(memory, graphs.state, model, seed);
  const load = async (graph: Graph, stateOf?: (input: string) => string): Promise<StateProgram> => {
    const program = await loadProgram(runtime, graph);
    owner.use(program.executable);
    const missing = describeUnsupported(unsupportedNodes(program.graph, runtime.target));
    if (missing !== "") warnings.push(`${graph.name}, ${missing}`);
    return memory.program(program.graph, program.executable, fixed, stateOf);
  };
  const first = await load(graphs.first);
  const again = graphs.again === null ? first : await load(graphs.again);
  const update = graphs.update === null ? null : await load(graphs.update);
  const evaluated = evaluationNames(transforms);
  const nameOf = (path: string): string => evaluated.get(path) ?? path;
  const loadEvaluation = () => load(evaluationGraph(model, batchSize, precision), nameOf);
  let evaluation = options.evaluation === true ? await loadEvaluation() : undefined;

  const tensorOf = (name: string, shape: Shape): StateTensor => ({ shape, view: viewOf(memory.buffer(name), shape) });
  const numberOf = async (name: string): Promise<number> => Number((await (fixed.get(name) as View).buffer.read())[0]);
  const write = async (name: string, value: number): Promise<void> =>
    fixed.get(name)?.buffer.write(Float32Array.of(value));
  const seeds = new RandomStream(seed, "step");
  const probes = new RandomStream(seed, "probe");
  const feedback = optimizerFeedback(distinct);
  const lossScale = precision === "mixed" ? createLossScale() : null;
  const feedProbes = async (step: number): Promise<void> => {
    if (!distinct.some(({ curvatureEvery: every }) => every !== undefined && step % every === 0)) return;
    const signs = probeSigns(probes, step, arena.length);
    for (const { path, shape, offset } of arena.places)
      await fixed.get(probeInput(path))?.buffer.write(signs.subarray(offset, offset + sizeOf(shape)));
  };

  const owned = loading.move();
  owner = owned;
  return {
    parameterCount: trainableOf(model).reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    state: new Map(graphs.state.map(({ saved, name, shape }) => [saved, tensorOf(name, shape)])),
    parameters: new Map(
      [...flattenParameters(model.parameters)].map(([path, { shape }]) => [path, tensorOf(nameOf(path), shape)]),
    ),
    feedback,
    warnings,
    lossScale,
    step: async (step, batches) => {
      requireCount(batches, accumulate);
      const scale = lossScale?.scale;
      if (scale !== undefined) await write(scaleInput, scale);
      // The optimizer counts the steps that were taken.
      const scalars = graphs.scalars(step - (lossScale?.skipped ?? 0), (transform) => feedback?.of(transform));
      for (const [name, value] of Object.entries(scalars)) await write(name, value);
      await feedProbes(step);
      let loss = 0;
      let finite = true;
      // What a batch with such a gradient wrote is not taken, nor is the update behind it.
      const take = async (): Promise<boolean> => {
        if (scale !== undefined && !Number.isFinite(await numberOf(checkOutput))) finite = false;
        return finite;
      };
      for (const [i, batch] of batches.entries()) {
        await feed(batchInputs, batch);
        await inputs.get(seedInput)?.buffer.write(Int32Array.of(seeds.uint32(step * accumulate + i) | 0));
        await (i === 0 ? first : again).run(take);
        loss += await numberOf(lossOutput);
      }
      if (finite) await update?.run();
      lossScale?.observe(finite);
      return {
        loss: loss / accumulate,
        ...(fixed.has(normOutput) ? { gradientNorm: await numberOf(normOutput) } : {}),
        ...(scale === undefined ? {} : { lossScale: scale }),
        ...(finite ? {} : { skipped: true }),
      };
    },
    evaluate: async (batch) => {
      evaluation ??= await loadEvaluation();
      await feed(batchInputs, batch);
      await evaluation.run();
      return numberOf(lossOutput);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function stepGraphs(options: StepProgramOptions): StepGraphs {
  const { model, optimizer, batchSize, accumulate = 1, recompute = false, precision = "float32" } = options;
  if (accumulate === 1) {
    const { graph, state, scalars } = wholeStepGraph(model, optimizer, batchSize, { recompute, precision });
    return { first: graph, again: null, update: null, state, scalars };
  }
  const { graph: update, state, scalars } = wholeUpdateGraph(model, optimizer);
  const graphOf = (adding: boolean): Graph =>
    accumulatedGradientGraph(model, batchSize, { recompute, precision, accumulate, adding });
  return { first: graphOf(false), again: graphOf(true), update, state, scalars };
}

/** Memory of all inputs and outputs that are no state: with the host but for the signs of curvature estimates, which are many. */
function fixedMemory(
  runtime: Runtime,
  { first, update, scalars }: StepGraphs,
  inputs: ReadonlyMap<string, View>,
): Map<string, View> {
  const fixed = new Map(inputs);
  for (const name of Object.keys(scalars(0))) fixed.set(name, viewOf(runtime.createBuffer("float32", 1, "host"), []));
  if (first.inputs.some(({ name }) => name === scaleInput))
    fixed.set(scaleInput, viewOf(runtime.createBuffer("float32", 1, "host"), []));
  for (const { name, shape } of first.inputs)
    if (name.startsWith(probeInput(""))) fixed.set(name, viewOf(runtime.createBuffer("float32", sizeOf(shape)), shape));
  for (const { name, value } of [...first.outputs, ...(update?.outputs ?? [])])
    if (!name.startsWith(prefixes.next))
      fixed.set(name, viewOf(runtime.createBuffer(value.dtype, sizeOf(value.shape), "host"), value.shape));
  return fixed;
}

/** Two buffers for what some program writes, one for the rest. */
function declareState(memory: PingPong, { first, again, update, state }: StepGraphs, model: Model): void {
  const written = new Set([first, again, update].flatMap((graph) => graph?.outputs.map(({ name }) => name) ?? []));
  for (const { name, dtype, shape } of state) memory.declare(name, dtype, shape, written.has(prefixes.next + name));
  if (again === null) return;
  for (const { path, dtype, shape } of trainableOf(model)) memory.declare(prefixes.gradient + path, dtype, shape, true);
}

/** Parameters from their initialisers, each with a random stream named after its path; slots with their starting values. */
async function initializeState(
  memory: PingPong,
  state: readonly StateEntry[],
  model: Model,
  seed: number,
): Promise<void> {
  for (const [path, { dtype, shape, initialize }] of flattenParameters(model.parameters)) {
    const data = new (arrayTypeOf(dtype))(sizeOf(shape));
    initialize(shape, data, new RandomStream(seed, `init/${path}`));
    await memory.buffer(path).write(data);
  }
  for (const { name, dtype, shape, fill, copyOf } of state) {
    if (copyOf !== undefined) await memory.buffer(name).write(await memory.buffer(copyOf).read());
    else if (fill !== null && fill !== 0)
      await memory.buffer(name).write(new (arrayTypeOf(dtype))(sizeOf(shape)).fill(fill as never));
  }
}

/** State that holds what is evaluated, by path, where an optimizer trains other weights than it evaluates. */
function evaluationNames(transforms: ReadonlyMap<string, Transform>): Map<string, string> {
  return new Map(
    [...transforms].flatMap(([path, { evaluationSlot }]): [string, string][] =>
      evaluationSlot === undefined ? [] : [[path, slotInput(evaluationSlot, path)]],
    ),
  );
}

function refuseSecondLooks(runtime: Runtime, transforms: readonly Transform[]): void {
  const looking = transforms.find(
    ({ curvatureEvery, perturb }) => curvatureEvery !== undefined || perturb !== undefined,
  );
  if (looking === undefined) return;
  throw new UsageError(
    explain({
      api: "train",
      action: `accumulate with ${looking.name} on ${runtime.target}`,
      received: "it looks at each batch twice",
      rule: "steps of such optimizers have one batch there",
      hint: "raise the batch size instead, or use the CPU",
    }),
  );
}

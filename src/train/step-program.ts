/**
 * A compiled training step with its state: parameters, gradients and optimizer slots in memory that never moves. One
 * instance is one model being trained.
 */

import { explain, UsageError } from "../base/errors.ts";
import { RandomStream } from "../base/random.ts";
import { flattenParameters } from "../nn/layer.ts";
import type { Transform } from "../optim/transform.ts";
import { type Call, type Plan, type Runtime, viewOf } from "../runtime/runtime.ts";
import { sizeOf } from "../tensor/shape.ts";
import { layOut } from "./arena.ts";
import { type OptimizerFeedback, optimizerFeedback } from "./feedback.ts";
import { loadProgram } from "./flat.ts";
import { allocateInputs, bind, feed, gradientCalls, planCurvature, requireCount } from "./gradient-plan.ts";
import type { LossScale } from "./loss-scale.ts";
import { allocateMemory, initializeMemory, type StateTensor } from "./memory.ts";
import type { Batch, Model } from "./model.ts";
import type { Precision } from "./scaled-loss.ts";
import { evaluationGraph, gradientGraph, lossOutput, seedInput, trainableOf } from "./step-graph.ts";
import { planUpdate } from "./update-plan.ts";
import { createWholeProgram } from "./whole-program.ts";

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
   * activations, about a third more time. Not where curvature is estimated.
   * @defaultValue false
   */
  readonly recompute?: boolean;
  /**
   * What it computes in: mixed precision takes a device that computes in float16 (`Runtime.float16`).
   * @defaultValue "float32"
   */
  readonly precision?: Precision;
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
  /** In mixed precision, the factor of the loss in this step. */
  readonly lossScale?: number;
  /** True where a gradient was not finite, in mixed precision: nothing has changed, and the scale is lower from now on. */
  readonly skipped?: boolean;
}

/** A compiled step. Steps and evaluations must not overlap: await each. */
export interface StepProgram extends AsyncDisposable {
  /** Trainable numbers. */
  readonly parameterCount: number;
  /** Everything a checkpoint must hold, by name: `model/<path>`, `optimizer/<slot>/<path>`. */
  readonly state: ReadonlyMap<string, StateTensor>;
  /**
   * Parameters by path, as views: for generation and export while training. Those to use: where an optimizer trains others than it
   * evaluates (averages of weights), `state` has the trained ones as `optimizer/trained/<path>`.
   */
  readonly parameters: ReadonlyMap<string, StateTensor>;
  /** How metrics act on the optimizer, or null if they do not. */
  readonly feedback: OptimizerFeedback | null;
  /** What the device does not run itself, in a line for each program: "gpt-step, on the CPU: Scan". */
  readonly warnings: readonly string[];
  /** The scale of the loss, or null in float32. */
  readonly lossScale: LossScale | null;
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
 * @throws GraphError if a parameter does not reach the loss; RangeError for a batch size that is not a positive integer; UsageError for
 * mixed precision on a device without float16.
 */
export async function createStepProgram(options: StepProgramOptions): Promise<StepProgram> {
  const { runtime, batchSize, accumulate = 1 } = options;
  for (const [name, value] of Object.entries({ batchSize, accumulate }))
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(
        explain({ api: "train", action: `use ${name}`, received: `got ${value}`, rule: "must be a positive integer" }),
      );
  if (options.precision === "mixed" && !canMix(runtime))
    throw new UsageError(
      explain({
        api: "train",
        action: "compute in mixed precision",
        received: `${runtime.description} does not compute in float16`,
        rule: "the device must",
        hint: "train in float32 there",
      }),
    );
  return runtime.memory === "whole" ? createWholeProgram(options) : createFlatProgram(options);
}

/** True for devices on which mixed precision pays: those with memory of their own that compute in float16. */
export function canMix(runtime: Runtime): boolean {
  return runtime.float16 && runtime.memory === "whole";
}

/** The step over flat memory: gradients in one program, updates over long stretches in others, in place. */
async function createFlatProgram(options: StepProgramOptions): Promise<StepProgram> {
  const { runtime, model, optimizer, batchSize, accumulate = 1 } = options;
  const declared = flattenParameters(model.parameters);
  const arena = layOut(trainableOf(model), optimizer);
  const transforms = arena.regions.map(({ transform }) => transform);
  const memory = allocateMemory(runtime, declared, arena);
  await initializeMemory(declared, memory, options.seed);
  const inputs = allocateInputs(runtime, model, batchSize);
  const gradient = gradientGraph(model, batchSize, options.recompute);
  // What fails half way leaves nothing in the runtime.
  await using loading = new AsyncDisposableStack();
  const calls = await gradientCalls(runtime, gradient, memory, inputs, arena, accumulate, loading);
  const periods = transforms.flatMap(({ curvatureEvery }) => curvatureEvery ?? []);
  const curvature =
    periods.length === 0
      ? null
      : await planCurvature(runtime, model, batchSize, memory, inputs, arena, options.seed, loading);
  const update = await planUpdate(runtime, arena, memory, loading, curvature?.buffer);
  let owner = loading;
  const prepare = async (list: readonly Call[]): Promise<Plan> => owner.use(await runtime.prepare(list));
  const estimate = curvature === null ? null : await prepare(curvature.calls);
  /** The plans of one pass over the batches. It is one trip to the engine for each: what follows the gradients rides with the last. */
  const preparePass = async (before: readonly Call[], after: readonly Call[]): Promise<Pass> => {
    const last = await prepare([...(accumulate === 1 ? before : []), ...(calls.again ?? calls.first), ...after]);
    const first = accumulate === 1 ? last : await prepare([...before, ...calls.first]);
    const middle = accumulate <= 2 ? last : await prepare(calls.again ?? []);
    return (i) => (i === accumulate - 1 ? last : i === 0 ? first : middle);
  };
  const { perturbation } = update;
  const known = new Map<readonly Call[], Passes>();
  const passesAt = async (step: number): Promise<Passes> => {
    const list = update.callsAt(step);
    let passes = known.get(list);
    if (passes === undefined) {
      passes =
        perturbation === null
          ? { pass: await preparePass([], list), perturbed: null }
          : {
              pass: await preparePass([], []),
              perturbed: await preparePass(perturbation.go, [...perturbation.comeBack, ...list]),
            };
      known.set(list, passes);
    }
    return passes;
  };
  await passesAt(0);
  const seeds = new RandomStream(options.seed, "step");
  const feedback = optimizerFeedback(transforms);
  const prepareEvaluation = async (owner: AsyncDisposableStack): Promise<Plan> => {
    const { graph, executable } = await loadProgram(runtime, evaluationGraph(model, batchSize));
    owner.use(executable);
    const outputs = { [lossOutput]: viewOf(memory.loss, []) };
    return owner.use(await runtime.prepare([{ executable, inputs: bind(graph, memory.evaluated, inputs), outputs }]));
  };
  let evaluation = options.evaluation === true ? await prepareEvaluation(loading) : undefined;
  const owned = loading.move();
  owner = owned;
  const feedBatch = async (step: number, batches: readonly Batch[], i: number): Promise<void> => {
    await feed(inputs, batches[i] as Batch);
    const seed = seeds.uint32(step * accumulate + i) | 0;
    await inputs.get(seedInput)?.buffer.write(Int32Array.of(seed));
  };

  return {
    parameterCount: arena.places.reduce((sum, place) => sum + sizeOf(place.shape), 0),
    state: memory.state,
    parameters: memory.evaluated,
    feedback,
    warnings: [],
    lossScale: null,
    step: async (step, batches) => {
      requireCount(batches, accumulate);
      let loss = 0;
      const { pass, perturbed } = await passesAt(step);
      await update.feedScalars(step, (transform) => feedback?.of(transform));
      for (const i of batches.keys()) {
        await feedBatch(step, batches, i);
        // Before anything moves: the estimate is that of the parameters before the step, on its last batch.
        if (i === accumulate - 1 && curvature !== null && periods.some((every) => step % every === 0)) {
          await curvature.feedProbe(step);
          await estimate?.run();
        }
        await pass(i).run();
        loss += Number((await memory.loss.read())[0]);
        for (const [from, to] of memory.replaced) await to.buffer.write(await from.buffer.read());
      }
      // The same batches with the same random numbers; what the model replaces has been replaced.
      for (const i of perturbed === null ? [] : batches.keys()) {
        if (accumulate > 1) await feedBatch(step, batches, i);
        await perturbed?.(i).run();
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

/** The plan for each batch of a step. */
type Pass = (i: number) => Plan;

/** One pass over the batches, and the second where the gradient is taken elsewhere. */
interface Passes {
  readonly pass: Pass;
  readonly perturbed: Pass | null;
}

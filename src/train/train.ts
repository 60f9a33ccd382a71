/** The training loop: steps, evaluation, samples, checkpoints, and one stream of events about all of them. */

import { Channel } from "../base/channel.ts";
import { explain, RuntimeError } from "../base/errors.ts";
import type { DoneEvent, RunEvent, SampleEvent } from "../base/events.ts";
import type { Transform } from "../optim/transform.ts";
import { type CpuRuntime, createCpuRuntime } from "../runtime/cpu.ts";
import { findNonFinite } from "./_finite.ts";
import { lockFolder } from "./_lock.ts";
import { OrderTrail } from "./_order-trail.ts";
import { savedName } from "./arena.ts";
import { pruneCheckpoints, restoreCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import type { StateTensor } from "./memory.ts";
import type { Dataset, Model } from "./model.ts";
import { EventLog, newestCheckpoint, type RunFolder } from "./run-folder.ts";
import { createStepProgram, type StepProgram } from "./step-program.ts";

/** When and on how much the model is evaluated. */
export interface EvaluationOptions {
  /** Steps between evaluations; the last step is always evaluated. */
  readonly every: number;
  /**
   * Most batches per evaluation.
   * @defaultValue all
   */
  readonly batches?: number;
}

/** Options of {@link train}. */
export interface TrainOptions {
  /** What is trained: its parameters, the inputs of a batch, and its loss. */
  readonly model: Model;
  /** Where batches come from. */
  readonly data: Dataset;
  /** Turns gradients into updates: `adamw(…)`, or a chain. */
  readonly optimizer: Transform;
  /** Samples per batch. */
  readonly batchSize: number;
  /** Steps after which the run is complete. */
  readonly steps: number;
  /**
   * Batches whose gradients are averaged in one step.
   * @defaultValue 1
   */
  readonly accumulate?: number;
  /**
   * Decides initial parameters, batches and dropout.
   * @defaultValue 0
   */
  readonly seed?: number;
  /**
   * Compute activations again in the backward pass instead of keeping them: less memory, more time.
   * @defaultValue false
   */
  readonly recompute?: boolean;
  /** Evaluation on held-out data; none when absent. */
  readonly evaluation?: EvaluationOptions;
  /** Folder of the run, made with `createRunFolder`; without one nothing is written. */
  readonly folder?: RunFolder;
  /** Steps between checkpoints, and how many to keep. The last step is always kept. */
  readonly checkpoint?: { readonly every: number; readonly keep?: number };
  /** Continue from the folder's newest checkpoint. */
  readonly resume?: boolean;
  /** Learning rate by step, for events (times what a plateau made of it); the optimizer has its own. */
  readonly learningRate?: (step: number) => number;
  /** Called every `every` steps: returns what the model makes now. */
  readonly sample?: {
    readonly every: number;
    readonly make: (
      program: StepProgram,
      runtime: CpuRuntime,
      step: number,
    ) => Promise<Pick<SampleEvent, "prompt" | "text">>;
  };
  /** Lines for the start event. */
  readonly notes?: readonly string[];
  /** Stops the run after the step under way, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Where to run; a CPU runtime of its own when absent. */
  readonly runtime?: CpuRuntime;
  /** Called with the program before the first step: for what else must be compiled. */
  readonly onStart?: (program: StepProgram, runtime: CpuRuntime) => Promise<void>;
  /** Called with the live program once the run is over and before memory is released: for exports. */
  readonly onFinish?: (program: StepProgram, runtime: CpuRuntime) => Promise<readonly RunEvent[]>;
}

/**
 * A run under way. Iterate it once for its events; leaving the loop stops it. `result` settles when the run is over, whether anyone
 * iterates or not. Disposing it stops it and waits.
 */
export interface Run extends AsyncIterable<RunEvent>, AsyncDisposable {
  /** The last event. Rejects with what made the run fail. */
  readonly result: Promise<DoneEvent>;
}

/**
 * Trains a model.
 *
 * @param options - See {@link TrainOptions}.
 * @returns The run, already under way.
 * @throws RangeError for counts that are not positive integers. Failures while running reject `result` and end the loop.
 */
export function train(options: TrainOptions): Run {
  for (const [name, value] of Object.entries({
    steps: options.steps,
    batchSize: options.batchSize,
    accumulate: options.accumulate ?? 1,
    "evaluation.every": options.evaluation?.every ?? 1,
    "checkpoint.every": options.checkpoint?.every ?? 1,
    "sample.every": options.sample?.every ?? 1,
  }))
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(
        explain({ api: "train", action: `use ${name}`, received: `got ${value}`, rule: "must be a positive integer" }),
      );
  const stop = new AbortController();
  const channel = new Channel<RunEvent>(() => stop.abort());
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  const result = runLoop(options, signal, (event) => channel.push(event)).finally(() => channel.close());
  result.catch(() => {}); // reported to whoever awaits it; not a second time as unhandled
  return {
    result,
    async *[Symbol.asyncIterator]() {
      yield* channel;
      await result;
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await result.catch(() => {});
    },
  };
}

async function runLoop(
  options: TrainOptions,
  signal: AbortSignal,
  tell: (event: RunEvent) => void,
): Promise<DoneEvent> {
  await using resources = new AsyncDisposableStack();
  const { model, data, folder, steps, batchSize, accumulate = 1, seed = 0 } = options;
  if (folder !== undefined) resources.use(await lockFolder(folder.path));
  const runtime = options.runtime ?? resources.use(await createCpuRuntime());
  const program = resources.use(
    await createStepProgram({
      runtime,
      model,
      optimizer: options.optimizer,
      batchSize,
      accumulate,
      seed,
      recompute: options.recompute ?? false,
      evaluation: options.evaluation !== undefined,
    }),
  );

  if (program.feedback !== null && options.evaluation === undefined)
    throw new RangeError(
      explain({
        api: "train",
        action: `use optimizer "${options.optimizer.name}"`,
        received: "got no evaluation",
        rule: "it acts on the validation loss",
        hint: "set evaluation",
      }),
    );

  await options.onStart?.(program, runtime);

  const begun = performance.now();
  const warnings: string[] = [];
  const trail = data.order === undefined ? null : new OrderTrail(data.order, batchSize, accumulate);
  let step = 0;
  let loss = Number.NaN;
  let valLoss: number | undefined;
  if (options.resume === true && folder !== undefined) {
    const checkpoint = await newestCheckpoint(folder, (message) => warnings.push(message));
    if (checkpoint !== null) {
      trail?.restore(checkpoint);
      await restoreCheckpoint(checkpoint, program.state);
      program.feedback?.restore(checkpoint.state.feedback ?? {});
      if (checkpoint.state.data !== data.fingerprint)
        warnings.push("the data is not what the run was started with: the result will differ from an unbroken run");
      if (checkpoint.state.seed !== seed)
        warnings.push(
          `the seed is ${seed} and was ${checkpoint.state.seed}: the result will differ from an unbroken run`,
        );
      step = checkpoint.state.step;
      loss = checkpoint.state.loss ?? Number.NaN;
      valLoss = checkpoint.state.valLoss ?? undefined;
    }
  }
  const log = folder === undefined ? null : await EventLog.open(folder.events, step);
  if (log !== null) resources.defer(() => log.close());
  const emit = (event: RunEvent): void => {
    log?.append(event);
    tell(event);
  };
  const tokensPerStep = model.tokens(batchSize) * accumulate;
  emit({
    type: "start",
    run: folder?.path ?? model.name,
    time: new Date().toISOString(),
    device: runtime.target,
    threads: runtime.threads,
    parameters: program.parameterCount,
    step,
    steps,
    tokensPerStep,
    ...(options.notes === undefined ? {} : { notes: [...options.notes] }),
  });
  for (const message of warnings) emit({ type: "warning", message });

  let saved = step;
  const save = async (): Promise<void> => {
    if (folder === undefined || (saved === step && step > 0)) return;
    // What is trained and, where an optimizer evaluates others, those too.
    const bad = (await findNonFinite(program.parameters)) ?? (await findNonFinite(trainedOf(program.state)));
    if (bad !== null) throw notFinite(step, `parameter "${bad.path}" holds ${bad.value}`);
    const state = {
      step,
      seed,
      data: data.fingerprint,
      loss: Number.isNaN(loss) ? null : loss,
      valLoss: valLoss ?? null,
      ...(program.feedback === null ? {} : { feedback: program.feedback.save() }),
      ...(trail === null ? {} : { stream: trail.save(step) }),
    };
    const written = await writeCheckpoint(folder.checkpoints, program.state, state);
    saved = step;
    await pruneCheckpoints(folder.checkpoints, options.checkpoint?.keep ?? 2, step);
    emit({ type: "checkpoint", step, ...written });
  };
  const batchesOf = async (at: number) =>
    Promise.all(Array.from({ length: accumulate }, (_, i) => data.batch(at * accumulate + i, batchSize)));
  const isDue = (every: number | undefined): boolean => every !== undefined && (step % every === 0 || step === steps);

  const first = step;
  let trainingMs = 0;
  let batches = step < steps ? await batchesOf(step) : [];
  while (step < steps && !signal.aborted) {
    const started = performance.now();
    const running = program.step(step, batches);
    // The next batch is made while the engine works.
    const upcoming = step + 1 < steps ? batchesOf(step + 1) : Promise.resolve([]);
    upcoming.catch(() => {});
    const result = await running;
    if (!Number.isFinite(result.loss)) throw notFinite(step + 1, `the loss is ${result.loss}`);
    const ms = performance.now() - started;
    trainingMs += ms;
    loss = result.loss;
    const learningRate = (options.learningRate?.(step) ?? 0) * (program.feedback?.factor() ?? 1);
    step++;
    trail?.add(batches);
    emit({
      type: "step",
      step,
      loss,
      learningRate,
      ms,
      tokensPerSecond: (tokensPerStep / ms) * 1000,
      ...(result.gradientNorm === undefined ? {} : { gradientNorm: result.gradientNorm }),
      ...(trail === null ? {} : { orderHash: trail.orderHash }),
    });
    batches = await upcoming;
    if (isDue(options.evaluation?.every)) {
      valLoss = await evaluateSplit(program, data, "validation", batchSize, options.evaluation?.batches);
      if (valLoss !== undefined && !Number.isFinite(valLoss))
        throw notFinite(step, `the validation loss is ${valLoss}`);
      if (valLoss !== undefined) emit({ type: "evaluation", step, valLoss });
      // Not the extra evaluation of the last step: a run that goes on for longer must not have seen it.
      if (valLoss !== undefined && step % (options.evaluation?.every ?? 1) === 0) program.feedback?.observe(valLoss);
    }
    if (options.sample !== undefined && isDue(options.sample.every))
      emit({ type: "sample", step, ...(await options.sample.make(program, runtime, step)) });
    if (isDue(options.checkpoint?.every)) await save();
  }
  await save();
  const completed = step >= steps;
  if (completed) for (const event of (await options.onFinish?.(program, runtime)) ?? []) emit(event);
  const done: DoneEvent = {
    type: "done",
    status: completed ? "completed" : "stopped",
    step,
    loss,
    ...(valLoss === undefined ? {} : { valLoss }),
    seconds: (performance.now() - begun) / 1000,
    tokensPerSecond: trainingMs === 0 ? 0 : ((step - first) * tokensPerStep * 1000) / trainingMs,
    ...(folder === undefined ? {} : { path: folder.path }),
  };
  emit(done);
  return done;
}

/** Trained weights of which other ones are evaluated. */
function trainedOf(state: StepProgram["state"]): Map<string, StateTensor> {
  const prefix = savedName.trained("");
  return new Map(
    [...state].flatMap(([name, tensor]): [string, StateTensor][] =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
    ),
  );
}

/** Why a run ends that has left the finite numbers. Its checkpoints are of before: a bad one would be the newest, and resumed. */
function notFinite(step: number, received: string): RuntimeError {
  return new RuntimeError(
    explain({
      api: "train",
      action: `go on after step ${step}`,
      received,
      rule: "it must be finite",
      hint: "lower the learning rate or clip the gradient, in a new run: resumed, this one takes the same steps again",
    }),
  );
}

/**
 * Mean loss over a split.
 *
 * @param program - The model as it is now.
 * @param data - Where batches come from.
 * @param split - Which part of the data.
 * @param batchSize - Samples per batch; that of the program.
 * @param most - Most batches to take.
 * @returns The mean [nats], or undefined if the split has no batch.
 */
export async function evaluateSplit(
  program: StepProgram,
  data: Dataset,
  split: "train" | "validation",
  batchSize: number,
  most: number = Number.POSITIVE_INFINITY,
): Promise<number | undefined> {
  let sum = 0;
  let count = 0;
  for (; count < most; count++) {
    const batch = await data.evaluation(split, count, batchSize);
    if (batch === null) break;
    sum += await program.evaluate(batch);
  }
  return count === 0 ? undefined : sum / count;
}

/**
 * The training loop: steps, evaluation, samples, checkpoints, and one stream of events about all of them. It knows neither what the steps
 * run on nor where the run is kept.
 */

import { Channel } from "../base/channel.ts";
import { explain, isCameoError, RuntimeError } from "../base/errors.ts";
import type { DoneEvent, RunEvent } from "../base/events.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { findNonFinite } from "./_finite.ts";
import { OrderTrail } from "./_order-trail.ts";
import { savedName } from "./arena.ts";
import type { CheckpointStore } from "./checkpoint-store.ts";
import { evaluateSplit } from "./evaluate-split.ts";
import type { LoopOptions, Run } from "./loop-options.ts";
import type { StateTensor } from "./memory.ts";
import type { RunStore } from "./run-store.ts";
import { canMix, createStepProgram, type StepProgram } from "./step-program.ts";

/** What a run runs on and where it is kept. */
export interface LoopHost {
  /** A runtime, which stays the caller's; or what makes one, which goes with the run. */
  readonly runtime: Runtime | (() => Promise<Runtime>);
  /** Null for a run that is not kept. */
  readonly store: RunStore | null;
}

/**
 * Trains a model.
 *
 * @param host - See {@link LoopHost}.
 * @param options - See {@link LoopOptions}.
 * @returns The run, already under way.
 * @throws RangeError for counts that are not positive integers. Failures while running reject `result` and end the loop.
 */
export function trainLoop(host: LoopHost, options: LoopOptions): Run {
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
  const result = runLoop(host, options, signal, (event) => channel.push(event)).finally(() => channel.close());
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
  { runtime: given, store }: LoopHost,
  options: LoopOptions,
  signal: AbortSignal,
  tell: (event: RunEvent) => void,
): Promise<DoneEvent> {
  await using resources = new AsyncDisposableStack();
  const { model, data, steps, batchSize, accumulate = 1, seed = 0 } = options;
  if (store !== null) resources.use(await store.lock());
  const runtime = typeof given === "function" ? resources.use(await given()) : given;
  const precision = canMix(runtime) ? (options.precision ?? "float32") : "float32";
  const program = resources.use(
    await createStepProgram({
      runtime,
      model,
      optimizer: options.optimizer,
      batchSize,
      accumulate,
      seed,
      recompute: options.recompute ?? false,
      precision,
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
  if (precision !== (options.precision ?? precision))
    warnings.push(`no mixed precision: ${runtime.description} does not compute in float16, so it is float32`);
  warnings.push(...program.warnings);
  const trail = data.order === undefined ? null : new OrderTrail(data.order, batchSize, accumulate);
  let step = 0;
  let loss = Number.NaN;
  let valLoss: number | undefined;
  if (options.resume === true && store !== null) {
    const checkpoint = await store.checkpoints.newest(store.path, (message) => warnings.push(message));
    if (checkpoint !== null) {
      trail?.restore(checkpoint);
      await store.checkpoints.restore(checkpoint.name, program.state);
      program.feedback?.restore(checkpoint.state.feedback ?? {});
      if (checkpoint.state.lossScale !== undefined) program.lossScale?.restore(checkpoint.state.lossScale);
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
  const log = (await store?.openLog(step)) ?? null;
  if (log !== null) resources.defer(() => log.close());
  const emit = (event: RunEvent): void => {
    log?.append(event);
    tell(event);
  };
  const tokensPerStep = model.tokens(batchSize) * accumulate;
  emit({
    type: "start",
    run: store?.path ?? model.name,
    time: new Date().toISOString(),
    device: runtime.target,
    engine: options.engine ?? runtime.description,
    threads: runtime.threads,
    parameters: program.parameterCount,
    step,
    steps,
    tokensPerStep,
    ...(options.notes === undefined ? {} : { notes: [...options.notes] }),
  });
  for (const message of warnings) emit({ type: "warning", message });

  let saved = step;
  const writeTo = async (checkpoints: CheckpointStore): Promise<{ path: string; sizeBytes: number }> => {
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
      ...(program.lossScale === null ? {} : { lossScale: program.lossScale.save() }),
      ...(trail === null ? {} : { stream: trail.save(step) }),
    };
    return checkpoints.write(program.state, state);
  };
  const save = async (): Promise<void> => {
    if (store === null || (saved === step && step > 0)) return;
    const written = await writeTo(store.checkpoints);
    saved = step;
    await store.checkpoints.prune(options.checkpoint?.keep ?? 2, step);
    emit({ type: "checkpoint", step, ...written });
  };
  let refused = -1;
  const saveUnlessFull = async (): Promise<void> => {
    if (refused === step) return; // it was said
    try {
      await save();
    } catch (error) {
      if (store?.whenFull !== "warn" || !isCameoError(error, "checkpoint")) throw error;
      refused = step;
      emit({ type: "warning", message: error.message });
    }
  };
  const attend = async (over: boolean): Promise<void> =>
    options.attend?.({
      program,
      runtime,
      step,
      over,
      checkpoint: async (into) => (into === undefined ? save() : void (await writeTo(into))),
    });
  const batchesOf = async (at: number) =>
    Promise.all(Array.from({ length: accumulate }, (_, i) => data.batch(at * accumulate + i, batchSize)));
  const isDue = (every: number | undefined): boolean => every !== undefined && (step % every === 0 || step === steps);

  const first = step;
  let trainingMs = 0;
  let batches = step < steps ? await batchesOf(step) : [];
  while (step < steps) {
    await attend(false);
    if (signal.aborted) break;
    const started = performance.now();
    const copiedBefore = runtime.copiedBytes;
    const running = program.step(step, batches);
    // The next batch is made while the engine works.
    const upcoming = step + 1 < steps ? batchesOf(step + 1) : Promise.resolve([]);
    upcoming.catch(() => {});
    const result = await running;
    if (!Number.isFinite(result.loss) && result.skipped !== true)
      throw notFinite(step + 1, `the loss is ${result.loss}`);
    const ms = performance.now() - started;
    const copiedBytes = runtime.copiedBytes - copiedBefore;
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
      ...(result.lossScale === undefined ? {} : { lossScale: result.lossScale }),
      ...(result.skipped === true ? { skipped: true } : {}),
      ...(copiedBytes > 0 ? { copiedBytes } : {}),
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
    if (isDue(options.checkpoint?.every)) await saveUnlessFull();
  }
  await saveUnlessFull();
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
    ...(store === null ? {} : { path: store.path }),
  };
  emit(done);
  await attend(true);
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

/** Measures one full training step: forward, backward and update. */

import { cpus } from "node:os";
import { writeOnnx } from "../graph/onnx/export.ts";
import { createBuilder } from "../ops/registry.ts";
import { openDevice } from "../runtime/device.ts";
import { type Device, type Runtime, viewOf } from "../runtime/runtime.ts";
import { liveWeights } from "../text/live-generator.ts";
import { createStepProgram, type StepProgram } from "../train/step-program.ts";
import { type Peer, startTorch } from "./_bench-peer.ts";
import { type BenchTask, benchPresets } from "./_bench-presets.ts";
import { type OperatorShare, profileStep } from "./_bench-profile.ts";
import { median, range } from "./_quantile.ts";

/** What `cameo bench step --json` prints. */
export interface StepBenchmark {
  readonly benchmark: "step";
  readonly preset: string;
  readonly cpu: string;
  /** `"cpu"`, `"webgpu"`, `"wasm"`, `"cuda"`. */
  readonly device: string;
  readonly threads: number;
  readonly parameters: number;
  /** Steps measured, after the warm-up. */
  readonly steps: number;
  /** Median time of a full step [ms]. */
  readonly msPerStep: number;
  /** 10th and 90th percentile [ms]. */
  readonly msRange: readonly [number, number];
  /** Of language models. */
  readonly tokensPerSecond?: number;
  /** Of image models. */
  readonly imagesPerSecond?: number;
  /**
   * Floating-point operations of a step [GFLOP]: of a GPT by nanoGPT's formula, (6N + 12·L·H·Q·T) per token, N without position embeddings; of a
   * convolutional net three times those of its forward convolutions and dense layers.
   */
  readonly gflopsPerStep: number;
  /** Largest MatMul rate measured in this process with these threads, before, between and after the rounds [GFLOP/s]. */
  readonly peakGflops: number;
  /** Share of that rate which the model's operations reach; convolutions that are computed with fewer operations can pass 1. */
  readonly mfu: number;
  /** Largest resident memory of the process [bytes]. */
  readonly peakRssBytes: number;
  /** ONNX Runtime sessions made after the first step. */
  readonly sessionsAfterFirstStep: number;
  /** Bytes copied between host and device by a step; 0 where they share memory. */
  readonly copiedBytesPerStep: number;
  /** Operators by their time, when asked for. */
  readonly operators?: readonly OperatorShare[];
  readonly peer?: string;
  readonly peerMsPerStep?: number;
  readonly peerMsRange?: readonly [number, number];
  /** Ours divided by the peer's: below 1 is faster. */
  readonly ratio?: number;
  /** Largest relative difference of the losses of the first steps, from equal weights and batches. */
  readonly lossDifference?: number;
  /** Why there is no peer although one was asked for. */
  readonly peerSkipped?: string;
}

/** Options of {@link benchStep}. */
export interface BenchStepOptions {
  readonly preset: string;
  readonly device: Device;
  readonly threads: number;
  readonly rounds: number;
  /** Say where the time goes, in further steps that do not count. */
  readonly profile: boolean;
  readonly peer: boolean;
  readonly onProgress: (message: string) => void;
}

/** First steps of which the losses are compared, and by how much they may differ. */
const comparedSteps = 5;
const lossTolerance = 1e-3;

/**
 * Runs a benchmark.
 *
 * @param options - See {@link BenchStepOptions}.
 * @throws Error if the peer computed something else.
 */
export async function benchStep(options: BenchStepOptions): Promise<StepBenchmark> {
  const task = (benchPresets[options.preset] as () => BenchTask)();
  const { model, optimizer, batchSize, batch } = task;
  const { runtime: opened, note } = await openDevice({ device: options.device, threads: options.threads });
  await using runtime = opened;
  options.onProgress(`on ${note}`);
  await using program = await createStepProgram({ runtime, model, optimizer, batchSize, seed: 1 });
  let peer: Peer | null = null;
  let peerSkipped: string | undefined;
  if (options.peer) {
    const onGpu = runtime.target === "webgpu" || runtime.target === "cuda";
    const setup = { ...task.peer, threads: options.threads, device: onGpu ? "cuda" : "cpu" };
    const started = await startTorch(setup, task.peerBatch, await liveWeights(program), options.onProgress);
    if (typeof started === "string") peerSkipped = started;
    else peer = started;
  }
  try {
    const measured = await measure(runtime, program, batch, peer, task.steps, options);
    const operators = options.profile ? await profile(runtime, task) : undefined;
    return {
      ...(operators === undefined ? {} : { operators }),
      ...report(options.preset, task, program, runtime, measured),
      ...(peerSkipped === undefined ? {} : { peerSkipped }),
    };
  } finally {
    await peer?.close();
  }
}

/** Profiles a program of its own: the measured one stays as it is. */
function profile(runtime: Runtime, { model, optimizer, batchSize, batch, steps }: BenchTask): Promise<OperatorShare[]> {
  return profileStep(runtime, Math.min(steps, 10), async (profiled, count) => {
    await using program = await createStepProgram({ runtime: profiled, model, optimizer, batchSize, seed: 1 });
    for (let step = 0; step < count; step++) await program.step(step, [batch]);
  });
}

interface Measured {
  readonly ours: number[];
  readonly theirs: number[];
  readonly peakGflops: number;
  readonly sessionsAfterFirstStep: number;
  readonly copiedBytesPerStep: number;
  readonly lossDifference: number | undefined;
  readonly peer: string | undefined;
}

async function measure(
  runtime: Runtime,
  program: StepProgram,
  batch: BenchTask["batch"],
  peer: Peer | null,
  steps: number,
  options: BenchStepOptions,
): Promise<Measured> {
  let step = 0;
  const run = async (count: number): Promise<{ ms: number[]; losses: number[] }> => {
    const ms: number[] = [];
    const losses: number[] = [];
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      losses.push((await program.step(step++, [batch])).loss);
      ms.push(performance.now() - start);
    }
    return { ms, losses };
  };
  const peak = await matmulPeak(runtime);
  const warm = await run(comparedSteps);
  const sessions = runtime.sessionsCreated;
  const before = runtime.copiedBytes;
  await run(1);
  const copiedBytesPerStep = runtime.copiedBytes - before;
  let lossDifference: number | undefined;
  if (peer !== null) {
    const { losses } = await peer.run(comparedSteps);
    lossDifference = Math.max(...losses.map((loss, i) => Math.abs(loss - (warm.losses[i] as number)) / Math.abs(loss)));
    if (!(lossDifference <= lossTolerance))
      throw new Error(`bench: the peer computes something else: losses ${warm.losses} and ${losses}`);
  }
  const ours: number[] = [];
  const theirs: number[] = [];
  let peakGflops = await peak();
  for (let round = 0; round < options.rounds; round++) {
    // Alternating rounds, so that a slow minute of the machine falls on both.
    if (peer !== null) theirs.push(...(await peer.run(steps)).ms);
    ours.push(...(await run(steps)).ms);
    peakGflops = Math.max(peakGflops, await peak());
    options.onProgress(
      `round ${round + 1} of ${options.rounds}: ${median(ours).toFixed(1)} ms${peer === null ? "" : `, peer ${median(theirs).toFixed(1)} ms`}`,
    );
  }
  return {
    ours,
    theirs,
    peakGflops,
    sessionsAfterFirstStep: runtime.sessionsCreated - sessions,
    copiedBytesPerStep,
    lossDifference,
    peer: peer?.name,
  };
}

function report(
  name: string,
  task: BenchTask,
  program: StepProgram,
  runtime: Runtime,
  measured: Measured,
): StepBenchmark {
  const { gflopsPerStep } = task;
  const msPerStep = median(measured.ours);
  const perSecond = (task.model.tokens(task.batchSize) / msPerStep) * 1000;
  const peer =
    measured.peer === undefined
      ? {}
      : {
          peer: measured.peer,
          peerMsPerStep: median(measured.theirs),
          peerMsRange: range(measured.theirs),
          ratio: msPerStep / median(measured.theirs),
          lossDifference: measured.lossDifference as number,
        };
  return {
    benchmark: "step",
    preset: name,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    device: runtime.target,
    threads: runtime.threads,
    parameters: program.parameterCount,
    steps: measured.ours.length,
    msPerStep,
    msRange: range(measured.ours),
    ...(task.unit === "tokens" ? { tokensPerSecond: perSecond } : { imagesPerSecond: perSecond }),
    gflopsPerStep,
    peakGflops: measured.peakGflops,
    mfu: gflopsPerStep / (msPerStep / 1000) / measured.peakGflops,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    sessionsAfterFirstStep: measured.sessionsAfterFirstStep,
    copiedBytesPerStep: measured.copiedBytesPerStep,
    ...peer,
  };
}

/** Prepares matrix products of several sizes; the result measures the best rate among them [GFLOP/s]. */
async function matmulPeak(runtime: Runtime): Promise<() => Promise<number>> {
  const sizes = [
    [512, 1024, 1024],
    [1024, 1024, 1024],
    [1024, 384, 1536],
  ] as const;
  const plans = await Promise.all(
    sizes.map(async ([m, k, n]) => {
      const g = createBuilder("matmul");
      const a = g.input("a", "float32", [m, k]);
      const b = g.input("b", "float32", [k, n]);
      g.output("y", g.op("MatMul", [a, b]));
      const executable = await runtime.load(writeOnnx(g.build()), { name: "matmul" });
      const view = async (shape: readonly number[]) => {
        const buffer = runtime.createBuffer(
          "float32",
          shape.reduce((x, y) => x * y),
        );
        await buffer.write(new Float32Array(buffer.length).fill(0.5));
        return viewOf(buffer, shape);
      };
      const inputs = { a: await view([m, k]), b: await view([k, n]) };
      const plan = await runtime.prepare([{ executable, inputs, outputs: { y: await view([m, n]) } }]);
      return { plan, gflop: (2 * m * k * n) / 1e9 };
    }),
  );
  return async () => {
    let best = 0;
    for (const { plan, gflop } of plans)
      for (let i = 0; i < 8; i++) best = Math.max(best, gflop / ((await plan.run()) / 1000));
    return best;
  };
}

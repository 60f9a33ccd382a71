/** Measures one full training step: forward, backward and Adam. */

import { cpus } from "node:os";
import { RandomStream } from "../base/random.ts";
import { writeOnnx } from "../graph/onnx/export.ts";
import { createBuilder } from "../ops/registry.ts";
import { adam } from "../optim/adam.ts";
import { type CpuRuntime, createCpuRuntime } from "../runtime/cpu.ts";
import { viewOf } from "../runtime/runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type GptModel, gpt, sequenceFirst } from "../text/gpt.ts";
import { liveWeights } from "../text/gpt-run.ts";
import { createStepProgram, type StepProgram } from "../train/step-program.ts";
import { type Peer, type PeerSetup, startTorch } from "./_bench-peer.ts";

/** Sizes of one benchmark. */
interface BenchPreset {
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  readonly context: number;
  readonly vocabulary: number;
  readonly batchSize: number;
  /** Steps of one round; rounds of ours and the peer's alternate. */
  readonly steps: number;
}

/** Benchmarks of `cameo bench step`; the models are nanoGPT's, without biases and dropout. */
export const benchPresets: Readonly<Record<string, BenchPreset>> = {
  "nanogpt-cpu": { layers: 4, heads: 4, width: 128, context: 64, vocabulary: 65, batchSize: 12, steps: 40 },
  "baby-gpt": { layers: 6, heads: 6, width: 384, context: 256, vocabulary: 65, batchSize: 4, steps: 6 },
  "gpt2-124m": { layers: 12, heads: 12, width: 768, context: 64, vocabulary: 50304, batchSize: 4, steps: 2 },
};

/** What `cameo bench step --json` prints. */
export interface StepBenchmark {
  readonly benchmark: "step";
  readonly preset: string;
  readonly cpu: string;
  readonly threads: number;
  readonly parameters: number;
  /** Steps measured, after the warm-up. */
  readonly steps: number;
  /** Median time of a full step [ms]. */
  readonly msPerStep: number;
  /** 10th and 90th percentile [ms]. */
  readonly msRange: readonly [number, number];
  readonly tokensPerSecond: number;
  /** Model floating-point operations of a step by nanoGPT's formula, (6N + 12·L·H·Q·T) per token, N without position embeddings [GFLOP]. */
  readonly gflopsPerStep: number;
  /** Largest MatMul rate measured in this process with these threads, before, between and after the rounds [GFLOP/s]. */
  readonly peakGflops: number;
  /** Share of that rate which the model's operations reach. */
  readonly mfu: number;
  /** Largest resident memory of the process [bytes]. */
  readonly peakRssBytes: number;
  /** ONNX Runtime sessions made after the first step. */
  readonly sessionsAfterFirstStep: number;
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
  readonly threads: number;
  readonly rounds: number;
  readonly peer: boolean;
  readonly onProgress: (message: string) => void;
}

const learningRate = 1e-3;
const betas = { beta1: 0.9, beta2: 0.99 };
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
  const preset = benchPresets[options.preset] as BenchPreset;
  const { layers, heads, width, context, vocabulary, batchSize } = preset;
  await using runtime = await createCpuRuntime({ threads: options.threads });
  const model = gpt({ layers, heads, width, context, vocabulary });
  const optimizer = adam({ learningRate, ...betas });
  const count = context * batchSize;
  const stream = new RandomStream(7, "bench");
  const rows = (first: number) => Int32Array.from({ length: count }, (_, i) => stream.integer(first + i, vocabulary));
  const [tokens, labels] = [rows(0), rows(count)];
  const batch = {
    tokens: sequenceFirst(tokens, batchSize),
    labels: sequenceFirst(labels, batchSize),
  };

  await using program = await createStepProgram({ runtime, model, optimizer, batchSize, seed: 1 });
  let peer: Peer | null = null;
  let peerSkipped: string | undefined;
  if (options.peer) {
    const started = await startTorch(setupOf(preset, program, tokens, labels, options.threads), options.onProgress);
    if (typeof started === "string") peerSkipped = started;
    else peer = started;
  }
  try {
    const measured = await measure(runtime, program, batch, peer, preset.steps, options);
    return {
      ...report(options.preset, preset, model, program, runtime, measured),
      ...(peerSkipped === undefined ? {} : { peerSkipped }),
    };
  } finally {
    await peer?.close();
  }
}

interface Measured {
  readonly ours: number[];
  readonly theirs: number[];
  readonly peakGflops: number;
  readonly sessionsAfterFirstStep: number;
  readonly lossDifference: number | undefined;
  readonly peer: string | undefined;
}

async function measure(
  runtime: CpuRuntime,
  program: StepProgram,
  batch: Record<string, Int32Array>,
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
    lossDifference,
    peer: peer?.name,
  };
}

function report(
  name: string,
  preset: BenchPreset,
  model: GptModel,
  program: StepProgram,
  runtime: CpuRuntime,
  measured: Measured,
): StepBenchmark {
  const { layers, width, context, batchSize } = preset;
  const tokens = model.tokens(batchSize);
  const weights = program.parameterCount - context * width;
  const gflopsPerStep = ((6 * weights + 12 * layers * width * context) * tokens) / 1e9;
  const msPerStep = median(measured.ours);
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
    threads: runtime.threads,
    parameters: program.parameterCount,
    steps: measured.ours.length,
    msPerStep,
    msRange: range(measured.ours),
    tokensPerSecond: (tokens / msPerStep) * 1000,
    gflopsPerStep,
    peakGflops: measured.peakGflops,
    mfu: gflopsPerStep / (msPerStep / 1000) / measured.peakGflops,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    sessionsAfterFirstStep: measured.sessionsAfterFirstStep,
    ...peer,
  };
}

/** Prepares matrix products of several sizes; the result measures the best rate among them [GFLOP/s]. */
async function matmulPeak(runtime: CpuRuntime): Promise<() => Promise<number>> {
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

function setupOf(
  preset: BenchPreset,
  program: StepProgram,
  tokens: Int32Array,
  labels: Int32Array,
  threads: number,
): PeerSetup {
  const weights: ReadonlyMap<string, Tensor> = liveWeights(program);
  return {
    threads,
    layers: preset.layers,
    heads: preset.heads,
    batch: preset.batchSize,
    context: preset.context,
    learningRate,
    betas: [betas.beta1, betas.beta2],
    tokens: [...tokens],
    targets: [...labels],
    weights,
  };
}

function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function range(values: readonly number[]): [number, number] {
  return [quantile(values, 0.1), quantile(values, 0.9)];
}

function quantile(values: readonly number[], share: number): number {
  const order = sorted(values);
  return order[Math.min(order.length - 1, Math.floor(share * order.length))] as number;
}

/** `cameo bench`: measures what Cameo claims, beside a peer where there is one. */

import { availableParallelism } from "node:os";
import { type Device, devices } from "../runtime/runtime.ts";
import { benchConformance } from "./_bench-conformance.ts";
import { benchData, dataBenchmarkText } from "./_bench-data.ts";
import { benchPresets } from "./_bench-presets.ts";
import { type BenchStepOptions, benchStep, type StepBenchmark } from "./_bench-step.ts";
import { dataCases } from "./bench-data/cases.ts";
import { type Arguments, type Command, exitCodes, type Io, jsonFlag, usageError } from "./command.ts";

/** Benchmarks by name, each with what it measures. */
const benchmarks: Readonly<Record<string, string>> = {
  step: "one full training step: forward, backward and update",
  data: "the data pipeline: augmentation, sampling, codecs, shards, deduplication",
  conformance: "ONNX's own node tests: shapes, values and gradients that are right; only --json applies",
};

/** Measures speed and memory. */
export const bench: Command = {
  name: "bench",
  summary: "measure speed and memory, optionally beside PyTorch or Python's data libraries",
  usage: "<benchmark> [flags]",
  positionals: [1, 1],
  flags: [
    {
      name: "preset",
      type: "string",
      description: "model and batch",
      choices: Object.keys(benchPresets),
      default: "nanogpt-cpu",
    },
    {
      name: "peer",
      type: "string",
      description: "run the same there too, in alternating rounds: torch for step, python for data",
      choices: ["torch", "python"],
    },
    {
      name: "only",
      type: "strings",
      placeholder: "CASE",
      description: "of data, only the cases whose name begins so",
    },
    { name: "device", type: "string", choices: devices, description: "where our step runs", default: "cpu" },
    { name: "profile", type: "boolean", description: "of step, say which operators take the time" },
    { name: "rounds", type: "number", description: "rounds of each", default: 5 },
    { name: "threads", type: "number", description: "threads of both; 0 for all cores", default: 0 },
    jsonFlag,
  ],
  examples: [
    "cameo bench step --preset nanogpt-cpu --peer torch",
    "cameo bench step --preset resnet18-cifar --json",
    "cameo bench step --device webgpu --preset baby-gpt --profile",
    "cameo bench data --peer python --json",
    "cameo bench data --only lz4 --only zstd --peer python",
    "cameo bench conformance",
  ],
  details: [
    `Benchmarks: ${Object.entries(benchmarks)
      .map(([name, what]) => `${name} (${what})`)
      .join(", ")}.`,
    `Cases of data: ${dataCases.map(({ name }) => name).join(", ")}.`,
    "The peer runs in the Python of CAMEO_PYTHON, or in a virtual environment under .cache/peers that is made on first use.",
  ],
  async run(args: Arguments, io: Io): Promise<number> {
    const name = args.positionals[0] as string;
    if (!Object.hasOwn(benchmarks, name))
      throw usageError(
        "bench",
        `run "${name}"`,
        "there is no such benchmark",
        `benchmarks are ${Object.keys(benchmarks).join(", ")}`,
      );
    if (name === "conformance") return benchConformance(args.isOn("json"), io);
    const [rounds, threads] = [args.number("rounds") as number, args.number("threads") as number];
    if (!Number.isInteger(rounds) || rounds < 1)
      throw usageError("bench", "use --rounds", `got ${rounds}`, "must be a positive integer");
    const peer = args.text("peer");
    const wanted = name === "data" ? "python" : "torch";
    if (peer !== undefined && peer !== wanted)
      throw usageError("bench", `use --peer ${peer}`, `the benchmark is ${name}`, `its peer is ${wanted}`);
    if (name === "data") return runData(args, rounds, peer !== undefined, io);
    const options: BenchStepOptions = {
      preset: args.text("preset") as string,
      device: args.text("device") as Device,
      profile: args.isOn("profile"),
      threads: threads === 0 ? availableParallelism() : threads,
      rounds,
      peer: peer !== undefined,
      onProgress: (message) => io.stderr.write(`${message}\n`),
    };
    const result = await benchStep(options);
    io.stdout.write(args.isOn("json") ? `${JSON.stringify(result)}\n` : table(result));
    if (result.peerSkipped !== undefined) io.stderr.write(`peer skipped: ${result.peerSkipped}\n`);
    return exitCodes.done;
  },
};

async function runData(args: Arguments, rounds: number, peers: boolean, io: Io): Promise<number> {
  const only = (args.given.get("only") ?? []) as readonly string[];
  const cases = dataCases.filter(({ name }) => only.length === 0 || only.some((start) => name.startsWith(start)));
  if (cases.length === 0)
    throw usageError(
      "bench",
      `use --only ${only.join(" --only ")}`,
      "no case begins so",
      `cases are ${dataCases.map(({ name }) => name).join(", ")}`,
    );
  const onProgress = (message: string): unknown => io.stderr.write(`${message}\n`);
  for await (const result of benchData({ cases, rounds, peers, onProgress }))
    io.stdout.write(args.isOn("json") ? `${JSON.stringify(result)}\n` : dataBenchmarkText(result));
  return exitCodes.done;
}

function throughput({ tokensPerSecond, imagesPerSecond }: StepBenchmark): string {
  const [count, unit] = tokensPerSecond === undefined ? [imagesPerSecond, "images"] : [tokensPerSecond, "tokens"];
  return `${Math.round(count as number).toLocaleString("en")} ${unit}/s`;
}

function table(result: StepBenchmark): string {
  const range = ([low, high]: readonly [number, number]) =>
    `(80 % of steps in ${low.toFixed(1)} to ${high.toFixed(1)})`;
  const rows: [string, string][] = [
    ["preset", `${result.preset}, ${result.parameters.toLocaleString("en")} parameters`],
    ["machine", `${result.cpu}, ${result.device === "cpu" ? "" : `${result.device}, `}${result.threads} threads`],
    ["step", `${result.msPerStep.toFixed(2)} ms ${range(result.msRange)}, ${result.steps} steps`],
    ["speed", throughput(result)],
    [
      "arithmetic",
      `${(result.gflopsPerStep / (result.msPerStep / 1000)).toFixed(0)} GFLOP/s of ${result.peakGflops.toFixed(0)} (MatMul), mfu ${result.mfu.toFixed(2)}`,
    ],
    ["memory", `${(result.peakRssBytes / 2 ** 20).toFixed(0)} MiB at most`],
    ...(result.copiedBytesPerStep === 0
      ? []
      : ([["copied", `${result.copiedBytesPerStep.toLocaleString("en")} bytes a step`]] as [string, string][])),
  ];
  if (result.peer !== undefined && result.peerMsPerStep !== undefined && result.peerMsRange !== undefined)
    rows.push(
      [result.peer, `${result.peerMsPerStep.toFixed(2)} ms ${range(result.peerMsRange)}`],
      [
        "ratio",
        `${(result.ratio as number).toFixed(3)} (below 1: Cameo is faster); losses differ by ${(result.lossDifference as number).toExponential(1)}`,
      ],
    );
  for (const { operator, share, msPerStep, kernels } of result.operators?.slice(0, 12) ?? [])
    rows.push([
      operator,
      `${(100 * share).toFixed(1).padStart(5)} %  ${msPerStep.toFixed(2)} ms in ${Math.round(kernels)} kernels`,
    ]);
  const width = Math.max(12, ...rows.map(([name]) => name.length));
  return `${rows.map(([name, value]) => `${name.padEnd(width)} ${value}`).join("\n")}\n`;
}

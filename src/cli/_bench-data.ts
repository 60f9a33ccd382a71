/** Measures the data pipeline beside Python libraries, in alternating rounds of one run. */

import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../base/errors.ts";
import { findPython, type PeerEnvironment, type PeerProcess, peerFile, startPeer } from "./_peer.ts";
import { median, range } from "./_quantile.ts";
import type { DataCase, PreparedCase } from "./bench-data/case.ts";

/** A library that did the same. */
export interface DataPeerResult {
  /** `"cv2 4.11.0"`. */
  readonly name: string;
  /** Median and 10th to 90th percentile [unit/s]. */
  readonly perSecond: number;
  readonly range: readonly [number, number];
  /** Our rate divided by this: above 1 we are faster. */
  readonly ratio: number;
  /** Whether both computed the same bytes; absent where that cannot be. */
  readonly same?: boolean;
}

/** One line of `cameo bench data --json`. */
export interface DataBenchmark {
  readonly benchmark: "data";
  readonly case: string;
  readonly what: string;
  readonly unit: string;
  readonly cpu: string;
  readonly perSecond: number;
  readonly range: readonly [number, number];
  readonly peers: readonly DataPeerResult[];
  /** Peers that did not run, with the reason. */
  readonly skipped: readonly string[];
  /** Each target in words, and whether it was reached. */
  readonly targets: readonly { readonly target: string; readonly reached: boolean }[];
}

/** Options of {@link benchData}. */
export interface BenchDataOptions {
  /** What to measure. */
  readonly cases: readonly DataCase[];
  readonly rounds: number;
  /** Whether to ask the peers. */
  readonly peers: boolean;
  readonly onProgress: (message: string) => void;
}

/** A round repeats the operation for this long [ms]. */
const roundMs = 250;

const environment: PeerEnvironment = {
  name: "data",
  installs: [
    // imgaug asks for an OpenCV that needs a screen; what it needs besides is in the list.
    { arguments: ["--no-deps", "imgaug==0.4.0"] },
    { arguments: ["-r", peerFile("data-requirements.txt")] },
    { arguments: ["mosaicml-streaming==0.13.0", "numpy==1.26.4"], optional: true },
  ],
  imports: ["numpy"],
  what: "NumPy, OpenCV, imgaug, Blosc, webdataset and, where it installs, MosaicML streaming",
};

/**
 * Runs the benchmarks.
 *
 * @param options - See {@link BenchDataOptions}.
 * @returns One result per case, as they are done.
 */
export async function* benchData(options: BenchDataOptions): AsyncGenerator<DataBenchmark> {
  const python = options.peers ? findPython(environment, options.onProgress) : undefined;
  for (const each of options.cases) {
    options.onProgress(`${each.name}: ${each.what}`);
    const folder = await mkdtemp(join(tmpdir(), "cameo-bench-"));
    const peers: { process: PeerProcess; name: string; rates: number[]; same?: boolean }[] = [];
    try {
      const prepared = await each.prepare(folder);
      const digest = await prepared.digest?.();
      const skipped: string[] = [];
      for (const peer of python === undefined ? [] : each.peers) {
        const started = python?.found ? await startCase(python.path, each, peer, prepared) : (python?.reason ?? "");
        if (typeof started === "string") skipped.push(`${peer}: ${started}`);
        else
          peers.push({
            ...started,
            rates: [],
            ...(digest !== undefined && started.digest !== undefined && { same: digest === started.digest }),
          });
      }
      const rates: number[] = [];
      await rate(prepared); // the first round compiles
      for (let round = 0; round < options.rounds; round++) {
        rates.push(await rate(prepared));
        for (const peer of peers) peer.rates.push((await peer.process.ask({ run: roundMs / 1000 })).rate as number);
      }
      yield report(each, rates, peers, skipped);
    } finally {
      for (const { process } of peers) await process.close();
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Units per second over one round. */
async function rate({ run, amount }: PreparedCase): Promise<number> {
  const start = performance.now();
  let times = 0;
  do {
    await run();
    times++;
  } while (performance.now() - start < roundMs);
  return (times * amount * 1000) / (performance.now() - start);
}

async function startCase(
  python: string,
  { name }: DataCase,
  peer: string,
  prepared: PreparedCase,
): Promise<{ process: PeerProcess; name: string; digest?: string } | string> {
  const process = startPeer(python, peerFile("data.py"));
  try {
    const ready = await process.ask({ case: name, peer, setup: prepared.setup });
    if (typeof ready.skip !== "string")
      return { process, name: String(ready.name), ...(typeof ready.digest === "string" && { digest: ready.digest }) };
    await process.close();
    return ready.skip;
  } catch (error) {
    await process.close();
    return messageOf(error);
  }
}

function report(
  { name, what, unit, targets = [] }: DataCase,
  rates: readonly number[],
  asked: readonly { name: string; rates: readonly number[]; same?: boolean }[],
  skipped: readonly string[],
): DataBenchmark {
  const perSecond = median(rates);
  const peers = asked.map((peer) => ({
    name: peer.name,
    perSecond: median(peer.rates),
    range: range(peer.rates),
    // Round by round, so that a slow minute of the machine falls on both.
    ratio: median(rates.map((own, round) => own / (peer.rates[round] as number))),
    ...(peer.same !== undefined && { same: peer.same }),
  }));
  return {
    benchmark: "data",
    case: name,
    what,
    unit,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    perSecond,
    range: range(rates),
    peers,
    skipped,
    targets: targets.flatMap((target) => {
      if ("perSecond" in target)
        return [{ target: `${target.perSecond.toExponential(1)} ${unit}/s`, reached: perSecond >= target.perSecond }];
      const peer = peers.find((each) => each.name.startsWith(target.peer));
      return peer === undefined
        ? []
        : [{ target: `${target.ratio}× ${target.peer}`, reached: peer.ratio >= target.ratio && peer.same !== false }];
    }),
  };
}

/** The result as lines for a person. */
export function dataBenchmarkText(result: DataBenchmark): string {
  const amount = (value: number): string =>
    result.unit === "bytes"
      ? `${(value / 1e6).toFixed(0)} MB/s`
      : `${Math.round(value).toLocaleString("en")} ${result.unit}/s`;
  const spread = ([low, high]: readonly [number, number]): string => `(${amount(low)} to ${amount(high)})`;
  const lines = [
    `${result.case}: ${result.what}`,
    `  ${"cameo".padEnd(26)} ${amount(result.perSecond).padStart(20)}  ${spread(result.range)}`,
    ...result.peers.map(
      (peer) =>
        `  ${peer.name.padEnd(26)} ${amount(peer.perSecond).padStart(20)}  ${spread(peer.range)}  ratio ${peer.ratio.toFixed(2)}${
          peer.same === undefined ? "" : peer.same ? ", same result" : ", RESULTS DIFFER"
        }`,
    ),
    ...result.skipped.map((reason) => `  skipped ${reason}`),
    ...result.targets.map(({ target, reached }) => `  target ${target}: ${reached ? "reached" : "missed"}`),
  ];
  return `${lines.join("\n")}\n`;
}

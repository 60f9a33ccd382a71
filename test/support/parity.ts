/**
 * Rows of the operators' case tables on a target, beside another runtime: how far results and gradients are apart. Runs in browsers too: it
 * reads no files, and takes the runtimes as they are given.
 */

import type { Graph } from "../../src/graph/graph.ts";
import { writeOnnx } from "../../src/graph/onnx/export.ts";
import { optimize } from "../../src/passes/optimize.ts";
import type { LoadOptions, Runtime } from "../../src/runtime/runtime.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { addOutputs, type BuiltCase, buildCase } from "./build-case.ts";
import type { OperatorCase } from "./operator-case.ts";

type Tensors = Readonly<Record<string, Tensor>>;

/** One row on one target. Differences are relative to the largest number of a tensor, or to 1 where that is larger. */
export interface Parity {
  readonly op: string;
  readonly name: string;
  /** Largest difference of a result; null where nothing ran. */
  readonly forward: number | null;
  /** Largest difference of a gradient; null where the row has none. */
  readonly gradient: number | null;
  /** What the engine took to the host: the results, only the gradients, or nothing. */
  readonly onHost: "all" | "gradient" | "none";
  /** What the engine said, when it refused. */
  readonly error?: string;
}

/** A row as a graph: `y0`, … are its results and `d_x0`, … gradients. */
export interface CaseGraph {
  readonly graph: Graph;
  readonly feeds: Tensors;
}

/** A row in float32, or as it is where it cannot be (inner graphs have dtypes of their own). */
export function graphOf(row: OperatorCase, withGradients: boolean): CaseGraph {
  const build = (dtype?: "float32"): BuiltCase => {
    const built = buildCase(row, dtype);
    if (withGradients) addOutputs(built, row);
    else for (const [i, output] of built.outputs.entries()) built.g.output(`y${i}`, output);
    return built;
  };
  const { g, feeds } = attempt(() => build("float32")) ?? build();
  const graph = g.build();
  const named = graph.inputs.map(({ name }) => [name, feeds[name] as Tensor] as const);
  return { graph, feeds: Object.fromEntries(named) };
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

/** ONNX Runtime's session setting under which it refuses what it would compute on the host. */
export const deviceOnly: LoadOptions = { config: { "session.disable_cpu_ep_fallback": "1" } };

/** True for the error of {@link deviceOnly}. */
export function isOnHost(error: unknown): boolean {
  return error instanceof Error && error.message.includes("explicitly disabled by the user");
}

/** Runs a graph as it is. */
export async function runOn(
  runtime: Runtime,
  { graph, feeds }: CaseGraph,
  options: LoadOptions = {},
): Promise<Tensors> {
  await using program = await runtime.load(writeOnnx(graph), { name: graph.name, ...options });
  const outputs = graph.outputs.map(({ name }) => name);
  return await program.call(feeds, outputs);
}

/** Runs a row on both runtimes, lowered for each, and compares. */
export async function parityOf(row: OperatorCase, runtime: Runtime, reference: Runtime): Promise<Parity> {
  const plain = { op: row.op, name: row.name };
  const whole = graphOf(row, true);
  const on = (target: Runtime, { graph, feeds }: CaseGraph, options?: LoadOptions): Promise<Tensors> =>
    runOn(target, { graph: optimize(graph, target.target), feeds }, options);
  const expected = await on(reference, whole);
  let onHost: Parity["onHost"] = "none";
  try {
    let got: Tensors;
    try {
      got = await on(runtime, whole, runtime.target === "webgpu" ? deviceOnly : {});
    } catch (error) {
      if (!isOnHost(error)) throw error;
      onHost = (await runsAlone(row, runtime)) ? "gradient" : "all";
      got = await on(runtime, whole);
    }
    const worst = (prefix: string): number | null => {
      const names = Object.keys(expected).filter((name) => name.startsWith(prefix));
      const apart = names.map((name) => differenceOf(got[name] as Tensor, expected[name] as Tensor));
      return names.length === 0 ? null : Math.max(...apart);
    };
    return { ...plain, forward: worst("y"), gradient: worst("d_"), onHost };
  } catch (error) {
    return { ...plain, forward: null, gradient: null, onHost, error: (error as Error).message };
  }
}

/** True if the row's results are computed on the device, whatever its gradients are. */
async function runsAlone(row: OperatorCase, runtime: Runtime): Promise<boolean> {
  const { graph } = graphOf(row, false);
  try {
    await using _ = await runtime.load(writeOnnx(optimize(graph, runtime.target)), deviceOnly);
    return true;
  } catch {
    return false;
  }
}

/**
 * Largest difference of two tensors, relative to the largest number of the second or to `least` where that is larger; infinite where only one
 * is finite.
 */
export function differenceOf(got: Tensor, expected: Tensor, least = 1): number {
  const [a, b] = [got.data, expected.data];
  if (got.dtype !== expected.dtype || a.length !== b.length) return Number.POSITIVE_INFINITY;
  let [scale, most] = [least, 0];
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [Number(a[i]), Number(b[i])];
    if (Object.is(x, y) || x === y) continue;
    const apart = Math.abs(x - y);
    most = Math.max(most, Number.isFinite(apart) ? apart : Number.POSITIVE_INFINITY);
  }
  for (let i = 0; i < b.length; i++) if (Number.isFinite(Number(b[i]))) scale = Math.max(scale, Math.abs(Number(b[i])));
  return most / scale;
}

/**
 * Tries every node of one family's cases on a target and prints what became of it, one line of JSON each: the child process of
 * `probe-target.ts`, which an engine may take with it.
 */

import type { Graph, Node, Value } from "../src/graph/graph.ts";
import { attributesOf, keyOf } from "../src/ops/registry.ts";
import { featuresOf, type Outcome } from "../src/ops/target-table.ts";
import { optimize } from "../src/passes/optimize.ts";
import { openDevice } from "../src/runtime/device.ts";
import { sharedCpuRuntime } from "../src/runtime/evaluate.ts";
import type { Runtime } from "../src/runtime/runtime.ts";
import type { DType } from "../src/tensor/dtype.ts";
import { sizeOf } from "../src/tensor/shape.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import type { CaseInput, OperatorCase } from "../test/support/operator-case.ts";
import { type CaseGraph, deviceOnly, differenceOf, graphOf, isOnHost, runOn } from "../test/support/parity.ts";
import { untold } from "../test/support/target-tolerance.ts";

/** What the child prints of a node; before it tries one, with `is` "fails" and `begun`, so that the parent knows what ended the process. */
export interface Sample {
  readonly row: number;
  readonly key: string;
  readonly features: Readonly<Record<string, string>>;
  readonly is: Outcome;
  readonly reason?: string;
  readonly begun?: true;
}

/** Above this a result is wrong; integers must be equal. Software adapters approximate functions: 2·10⁻⁴ was seen for sines. */
const tolerance = 1e-3;

const variants: readonly DType[] = ["int32", "int64", "uint32", "bool"];

/** The row with its floats as another dtype, numbers from 1 to 4. */
function retyped(row: OperatorCase, dtype: DType): OperatorCase {
  const inputs = row.inputs.map((input): CaseInput | null => {
    if (input === null || (input.dtype !== undefined && !input.dtype.startsWith("float"))) return input;
    const values = Array.from({ length: sizeOf(input.shape) }, (_, i) => (dtype === "bool" ? i % 2 : 1 + (i % 4)));
    return { ...input, dtype, values };
  });
  return { ...row, inputs, skipGradient: "integers have none" };
}

/** The graphs of a row whose nodes are tried: as it is written, as the target wants it, and with other dtypes. */
function* graphsOf(row: OperatorCase, target: Runtime["target"]): Generator<CaseGraph> {
  for (const make of [
    () => graphOf(row, true),
    () => lowered(graphOf(row, true), target),
    ...variants.map((dtype) => () => graphOf(retyped(row, dtype), false)),
  ]) {
    try {
      yield make();
    } catch {
      // An operator that does not take the dtype.
    }
  }
}

function lowered({ graph, feeds }: CaseGraph, target: Runtime["target"]): CaseGraph {
  return { graph: optimize(graph, target), feeds };
}

/** Every value of a graph, computed on the CPU; undefined where the CPU refuses it. */
async function valuesOf({ graph, feeds }: CaseGraph, cpu: Runtime): Promise<Map<Value, Tensor> | undefined> {
  const made = graph.nodes.flatMap((node) => node.outputs.filter((output) => output !== null));
  const outputs = made.map((value, i) => ({ name: `probe${i}`, value }));
  try {
    const results = await runOn(cpu, { graph: { ...graph, outputs }, feeds }, { optimization: "none" });
    return new Map([
      ...graph.inputs.map((input) => [input, feeds[input.name] as Tensor] as const),
      ...outputs.map(({ name, value }) => [value, results[name] as Tensor] as const),
    ]);
  } catch {
    return undefined;
  }
}

/** A graph of one node, fed with what its inputs were. */
function alone(node: Node, values: ReadonlyMap<Value, Tensor>): CaseGraph {
  const inputs = [...new Set(node.inputs.filter((input) => input !== null && input.constant === undefined))] as Value[];
  const outputs = node.outputs.flatMap((value, i) => (value === null ? [] : [{ name: `y${i}`, value }]));
  const graph: Graph = { name: node.op, inputs, outputs, nodes: [node] };
  return { graph, feeds: Object.fromEntries(inputs.map((input) => [input.name, values.get(input) as Tensor])) };
}

async function outcomeOf(
  node: Node,
  values: ReadonlyMap<Value, Tensor>,
  runtime: Runtime,
): Promise<Pick<Sample, "is" | "reason">> {
  const single = alone(node, values);
  try {
    const got = await runOn(runtime, single, { optimization: "none", ...(runtime.target === "webgpu" && deviceOnly) });
    const apart = single.graph.outputs.map(({ name, value }) =>
      differenceOf(got[name] as Tensor, values.get(value) as Tensor),
    );
    const isRandom = untold({ op: keyOf(node.op, node.domain) as OperatorCase["op"] }) !== undefined;
    const most = isRandom ? 0 : Math.max(0, ...apart);
    return most <= tolerance ? { is: "runs" } : { is: "wrong", reason: `off by ${most.toPrecision(1)}` };
  } catch (error) {
    if (isOnHost(error)) return { is: "on the CPU" };
    return { is: "fails", reason: told((error as Error).message) };
  }
}

/** The engine's reason, without places and signatures in its sources. */
function told(message: string): string {
  const status =
    /(?:Status Message|during initialization): (.*?)(?:, ONNX Runtime must accept it)?$/s.exec(message)?.[1] ?? message;
  const said = status
    .replace(/\/\S+:\d+ /g, "")
    .replace(/^.* was false\. ?/s, "")
    .replace(/\s+/g, " ")
    .trim();
  // A failed check whose message is the check itself.
  return /\w::\w/.test(said) || said === "" ? "refused by the kernel" : said.slice(0, 100).trim();
}

/** What a node is, for not trying the same twice; the operator of the row itself is tried with each of its shapes. */
function signatureOf(node: Node, isOwn: boolean): string {
  const inputs = node.inputs.map((input) =>
    input === null ? "" : `${input.dtype}${input.constant ? "!" : ""}${isOwn ? input.shape : input.shape.length}`,
  );
  const plain = Object.entries(attributesOf(node)).map(([name, value]) => `${name}=${JSON.stringify(value, shown)}`);
  return [node.domain, node.op, ...inputs, ...plain, node.outputs.map((output) => output !== null)].join("|");
}

/** Tensors and graphs inside attributes, big integers among them, as text. */
function shown(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}` : value;
}

if (import.meta.main) {
  const [target, path, from] = process.argv.slice(2) as ["webgpu" | "wasm", string, string];
  const { cases } = (await import(path)) as { cases: readonly OperatorCase[] };
  const [{ runtime }, cpu] = [await openDevice({ device: target }), await sharedCpuRuntime()];
  const print = (sample: Sample): void => void process.stdout.write(`${JSON.stringify(sample)}\n`);
  const known = new Set<string>();
  for (const [row, one] of cases.entries()) {
    if (row < Number(from)) continue;
    for (const graph of graphsOf(one, target)) {
      const values = await valuesOf(graph, cpu);
      for (const node of values === undefined ? [] : graph.graph.nodes) {
        const key = keyOf(node.op, node.domain) as string;
        const signature = signatureOf(node, key === one.op);
        if (known.has(signature)) continue;
        known.add(signature);
        const sample = { row, key, features: featuresOf(node) };
        print({ ...sample, is: "fails", reason: "ends the process", begun: true });
        print({ ...sample, ...(await outcomeOf(node, values as Map<Value, Tensor>, runtime)) });
      }
    }
  }
  process.exit(0);
}

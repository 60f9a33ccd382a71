/**
 * Writes `docs/parity.md`: every operator's cases on every target beside the CPU, `npx node --conditions=cameo-source tools/make-parity.ts`. It
 * takes some minutes; a test holds that the page has all operators, not that its digits are those of this machine.
 */

import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { allFunctions } from "../src/ops/expand.ts";
import { allOperators, keyOf } from "../src/ops/registry.ts";
import { wasm } from "../src/ops/targets/wasm.ts";
import { webgpu } from "../src/ops/targets/webgpu.ts";
import { optimize } from "../src/passes/optimize.ts";
import { describeUnsupported, type UnsupportedNode, unsupportedNodes } from "../src/passes/target-support.ts";
import { openDevice } from "../src/runtime/device.ts";
import { sharedCpuRuntime } from "../src/runtime/evaluate.ts";
import type { OperatorCase } from "../test/support/operator-case.ts";
import { graphOf, type Parity, parityOf } from "../test/support/parity.ts";
import { untold } from "../test/support/target-tolerance.ts";
import { useSoftwareVulkan } from "../test/support/vulkan.ts";
import { listFiles, root } from "./_files.ts";

/** The page, from the root. */
export const parityPage = "docs/parity.md";

const targets = ["wasm", "webgpu"] as const;
type ParityTarget = (typeof targets)[number];

const opening = `# Targets beside each other

<!-- Written by tools/make-parity.ts from the operators' case tables: run it again rather than edit the page. -->

The largest difference of every operator's cases between a target and the CPU, in float32: of results, and of their gradients, relative to the
largest number of a tensor or to 1. 0 is equal to the last bit. A dash: the operator has no gradient, or its numbers are random. Graphs are lowered for
each target, as training does it; what that replaces, and what still goes to the CPU, is in the notes on WebGPU. Common operators among the latter are in
float64, which GPUs lack: the cases of If, Loop and Scan are written in it.

- wasm: ${wasm.engine}, ${wasm.device}
- webgpu: ${webgpu.engine}, ${webgpu.device}
`;

const heading = `
| operator | wasm | its gradient | webgpu | its gradient | on webgpu |
|---|--:|--:|--:|--:|---|
`;

/** Operator keys in the order of the page. */
export function operatorKeys(): string[] {
  return [...allOperators().keys(), ...allFunctions().keys()].sort();
}

/** What is known of one operator on one target. */
interface Summary {
  readonly forward: number | null;
  readonly gradient: number | null;
  readonly errors: readonly string[];
}

function summaryOf(results: readonly Parity[]): Summary {
  const most = (part: "forward" | "gradient"): number | null => {
    const numbers = results.map((result) => result[part]).filter((value) => value !== null);
    return numbers.length === 0 ? null : Math.max(...numbers);
  };
  return {
    forward: most("forward"),
    gradient: most("gradient"),
    errors: results.flatMap(({ error }) => error ?? []),
  };
}

async function casesByOperator(): Promise<Map<string, OperatorCase[]>> {
  const rows: OperatorCase[] = [];
  for (const file of listFiles(root, "src/ops/*.cases.ts")) {
    const { cases } = (await import(pathToFileURL(resolve(root, file)).href)) as { cases: readonly OperatorCase[] };
    rows.push(...cases);
  }
  return Map.groupBy(rows, ({ op }) => op as string);
}

function digits(value: number | null): string {
  if (value === null) return "–";
  return value === 0
    ? "0"
    : value
        .toExponential(0)
        .replace("e-", "·10⁻")
        .replace(/⁻(\d+)$/, (_, power) => `⁻${raised(power)}`);
}

function raised(power: string): string {
  return [...power].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("");
}

/** What becomes of an operator's own node on WebGPU, and what of its cases goes to the CPU. */
function noteOn(key: string, rows: readonly OperatorCase[]): string {
  const unsupported: UnsupportedNode[] = [];
  let [replaced, kept] = [0, 0];
  for (const row of rows) {
    const { graph } = graphOf(row, false);
    const lowered = optimize(graph, "webgpu");
    const has = (nodes: typeof graph.nodes): boolean => nodes.some(({ op, domain }) => keyOf(op, domain) === key);
    if (!has(graph.nodes)) continue;
    if (has(lowered.nodes)) kept++;
    else replaced++;
    unsupported.push(...unsupportedNodes(lowered, "webgpu"));
  }
  const notes: string[] = [];
  if (replaced > 0) notes.push(kept === 0 ? "replaced" : "partly replaced");
  const distinct = [...Map.groupBy(unsupported, ({ node, is }) => `${node.op} ${is}`).values()].map(
    ([first]) => first as UnsupportedNode,
  );
  if (distinct.length > 0) notes.push(describeUnsupported(distinct));
  return notes.join("; ");
}

if (import.meta.main) {
  const missing = useSoftwareVulkan();
  if (missing !== null) throw new Error(`make-parity: cannot run on webgpu: ${missing}`);
  const cases = await casesByOperator();
  const cpu = await sharedCpuRuntime();
  const found = new Map<ParityTarget, Map<string, Summary>>();
  for (const target of targets) {
    const { runtime } = await openDevice({ device: target });
    const summaries = new Map<string, Summary>();
    for (const [key, rows] of cases) {
      const results: Parity[] = [];
      for (const row of rows) if (untold(row) === undefined) results.push(await parityOf(row, runtime, cpu));
      summaries.set(key, summaryOf(results));
      for (const error of summaries.get(key)?.errors ?? []) console.error(`${target}: ${key}: ${error}`);
    }
    found.set(target, summaries);
    await runtime[Symbol.asyncDispose]();
  }
  const lines = operatorKeys().map((key) => {
    const numbers = targets.flatMap((target) => {
      const { forward, gradient } = (found.get(target) as Map<string, Summary>).get(key) as Summary;
      return [digits(forward), digits(gradient)];
    });
    return `| ${[key, ...numbers, noteOn(key, cases.get(key) as OperatorCase[])].join(" | ")} |`;
  });
  writeFileSync(resolve(root, parityPage), `${opening}${heading}${lines.join("\n")}\n`);
  process.exit(0);
}

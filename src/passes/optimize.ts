/** The passes every graph goes through before a target loads it. */

import type { Attribute, Graph, Target } from "../graph/graph.ts";
import type { Rules } from "../ops/rule.ts";
import { algebra } from "../ops/rules-algebra.ts";
import { cpuLowering } from "../ops/rules-cpu.ts";
import { reshapeSinking } from "../ops/rules-reshape.ts";
import { wasmLowering } from "../ops/rules-webassembly.ts";
import { webgpuLowering } from "../ops/rules-webgpu.ts";
import { mergeCommonSubexpressions } from "./common-subexpressions.ts";
import { removeDeadCode } from "./dead-code.ts";
import { rewrite } from "./rewrite.ts";

/**
 * Lowering rules by target. CUDA's provider has kernels for what a step is made of, the two fused products among them, and takes standard ONNX as it
 * is; that is from its documentation, no such device was at hand.
 */
const lowering: Readonly<Record<Target, Rules>> = {
  cpu: cpuLowering,
  webgpu: webgpuLowering,
  wasm: wasmLowering,
  cuda: {},
};

/**
 * Simplifies a graph and writes it the way a target runs fastest.
 *
 * @param graph - Any graph.
 * @param target - Where it will run.
 * @returns An equivalent graph: same inputs, outputs and results up to rounding.
 */
export function optimize(graph: Graph, target: Target): Graph {
  const flattened = rewrite(rewrite(removeDeadCode(graph), algebra), merged(algebra, reshapeSinking));
  const simplified = mergeCommonSubexpressions(flattened);
  const lowered = rewrite(rewrite(simplified, lowering[target]), algebra);
  return withinNodes(removeDeadCode(mergeCommonSubexpressions(lowered)), target);
}

/** Does the same to the graphs inside attributes. */
function withinNodes(graph: Graph, target: Target): Graph {
  let changed = false;
  const nodes = graph.nodes.map((node) => {
    const inner = Object.entries(node.attributes).filter(([, attribute]) => attribute.kind === "graph");
    if (inner.length === 0) return node;
    changed = true;
    const attributes = inner.map(([name, { value }]) => [
      name,
      { kind: "graph", value: optimize(value as Graph, target) } satisfies Attribute,
    ]);
    return { ...node, attributes: { ...node.attributes, ...Object.fromEntries(attributes) } };
  });
  return changed ? { ...graph, nodes } : graph;
}

/** Two rule tables as one; rules of the first are tried first. */
function merged(first: Rules, second: Rules): Rules {
  const keys = new Set([...Object.keys(first), ...Object.keys(second)]) as Set<keyof Rules>;
  return Object.fromEntries([...keys].map((key) => [key, [...(first[key] ?? []), ...(second[key] ?? [])]]));
}

/** Says which nodes of a graph a target does not run, from what was measured there. */

import type { Graph, Node, Target } from "../graph/graph.ts";
import { type Outcome, rowOf, type TargetTable } from "../ops/target-table.ts";
import { wasm } from "../ops/targets/wasm.ts";
import { webgpu } from "../ops/targets/webgpu.ts";

/** Targets that were probed. Others take what they are given, as far as is known. */
const tables: Readonly<Partial<Record<Target, TargetTable>>> = { wasm, webgpu };

/** A node that a target does not run, and what becomes of it instead. */
export interface UnsupportedNode {
  readonly node: Node;
  readonly is: Exclude<Outcome, "runs">;
  /** What the engine said of such a node. */
  readonly reason?: string;
}

/**
 * The nodes of a graph that a target would take to the CPU, refuse, or compute wrongly; those inside other nodes too. It asks a table that was
 * measured for one version of the engine, so it is a warning: loading the graph is the proof.
 *
 * @param graph - As it will be loaded: after `optimize`.
 * @param target - Where.
 * @returns In the order of the graph; none for targets that were not probed.
 *
 * @example What would leave the GPU
 * ```ts
 * import assert from "node:assert/strict";
 * import { createBuilder } from "cameo/ops";
 * import { describeUnsupported, unsupportedNodes } from "cameo/passes";
 *
 * const g = createBuilder();
 * g.output("y", g.op("RandomNormal", [], { shape: [2], seed: 1 }));
 * assert.equal(describeUnsupported(unsupportedNodes(g.build(), "webgpu")), "on the CPU: RandomNormal");
 * ```
 */
export function unsupportedNodes(graph: Graph, target: Target): UnsupportedNode[] {
  const table = tables[target];
  if (table === undefined) return [];
  return graph.nodes.flatMap((node) => {
    const inner = Object.values(node.attributes).flatMap((attribute) =>
      attribute.kind === "graph" ? unsupportedNodes(attribute.value, target) : [],
    );
    const row = isComputedOnce(node) ? undefined : rowOf(table, node);
    if (row === undefined || row.is === "runs" || row.mixed === true) return inner;
    return [{ node, is: row.is, ...(row.reason !== undefined && { reason: row.reason }) }, ...inner];
  });
}

/** True for what the engine computes while it loads. */
function isComputedOnce({ inputs }: Node): boolean {
  return inputs.length > 0 && inputs.every((input) => input === null || input.constant !== undefined);
}

/**
 * One line about unsupported nodes: "on the CPU: Scan (2), TfIdfVectorizer".
 *
 * @param nodes - From {@link unsupportedNodes}.
 * @returns The line; empty for none.
 *
 * @example Nothing to say
 * ```ts
 * import assert from "node:assert/strict";
 * import { describeUnsupported } from "cameo/passes";
 *
 * assert.equal(describeUnsupported([]), "");
 * ```
 */
export function describeUnsupported(nodes: readonly UnsupportedNode[]): string {
  const outcomes = [...Map.groupBy(nodes, ({ is }) => is)];
  return outcomes
    .map(([is, some]) => {
      const counts = [...Map.groupBy(some, ({ node }) => node.op)];
      return `${is}: ${counts.map(([op, list]) => (list.length === 1 ? op : `${op} (${list.length})`)).join(", ")}`;
    })
    .join("; ");
}

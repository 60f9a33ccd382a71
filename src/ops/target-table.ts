/**
 * What a target makes of each operator, as `npm run probe-target` measured it, and how a node is looked up there. The tables lie in `targets`.
 */

import type { Node } from "../graph/graph.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import { attributesOf, keyOf } from "./registry.ts";

/**
 * `"runs"` on the device; `"on the CPU"`: the engine takes it to the host and back; `"fails"`: refused, or an error when it is run; `"wrong"`:
 * another result than the CPU's.
 */
export type Outcome = "runs" | "on the CPU" | "fails" | "wrong";

/** What becomes of nodes that have some features. */
export interface TargetRow {
  /** Values of features, see {@link featuresOf}, any of which a node must have; absent: every node. */
  readonly when?: Readonly<Record<string, readonly string[]>>;
  readonly is: Outcome;
  /** What the engine said, or how far the result was off. */
  readonly reason?: string;
  /** Only some of these nodes: no feature tells them from others that do better. */
  readonly mixed?: true;
}

/** What one build of the engine makes of operators on one target. */
export interface TargetTable {
  /** Name and version: "ONNX Runtime 1.30.0". */
  readonly engine: string;
  /** What it ran on. */
  readonly device: string;
  /** dtypes that no operator takes: nodes with an input or output of one go to the CPU. */
  readonly hostDTypes: readonly string[];
  /** Keys of operators that run whatever else they are given. */
  readonly runs: readonly string[];
  /** Rows of the others by operator key; the first that a node fits counts. */
  readonly operators: Readonly<Record<string, readonly TargetRow[]>>;
}

/**
 * What may decide how a node runs, as text: dtype of the first input that is not a truth value (of nodes around graphs none), `outputs` wanted,
 * `inputs` given, the number of axes (`ndim`), whether inputs broadcast, and every attribute that is a number, a string or a list.
 */
export function featuresOf(node: Node): Record<string, string> {
  const inputs = node.inputs.filter((input) => input !== null);
  const outputs = node.outputs.filter((output) => output !== null);
  const first = inputs.find(({ dtype }) => dtype !== "bool") ?? inputs[0] ?? outputs[0];
  const shapes = new Set(inputs.filter(({ shape }) => sizeOf(shape) > 1).map(({ shape }) => formatShape(shape)));
  const features: Record<string, string> = {
    dtype: hasGraph(node) ? "inner graph" : (first?.dtype ?? ""),
    inputs: `${inputs.length}`,
    outputs: `${outputs.length}`,
    ndim: `${first?.shape.length ?? 0}`,
    broadcasts: shapes.size > 1 ? "yes" : "no",
  };
  for (const [attribute, value] of Object.entries(attributesOf(node))) {
    // Random numbers have an attribute "dtype".
    const name = Object.hasOwn(features, attribute) ? `${attribute} asked for` : attribute;
    if (typeof value === "number" || typeof value === "string") features[name] = `${value}`;
    else if (value === null || value === undefined) features[name] = "none";
    else if (Array.isArray(value)) features[name] = value.join(" ");
  }
  return features;
}

/** The row of a table for a node; undefined for an operator that was never probed. */
export function rowOf(table: TargetTable, node: Node): TargetRow | undefined {
  if (isOf(node, table.hostDTypes)) return { is: "on the CPU" };
  const key = keyOf(node.op, node.domain);
  const rows = key === undefined ? undefined : table.operators[key];
  if (rows === undefined) return key !== undefined && table.runs.includes(key) ? { is: "runs" } : undefined;
  const features = featuresOf(node);
  return rows.find(({ when = {} }) =>
    Object.entries(when).every(([name, values]) => values.includes(features[name] ?? "none")),
  );
}

/** True for nodes around graphs, whose nodes run where they run. */
function hasGraph(node: Node): boolean {
  return Object.values(node.attributes).some(({ kind }) => kind === "graph");
}

/** True if a node takes or gives values of one of these dtypes. */
function isOf(node: Node, dtypes: readonly string[]): boolean {
  return (
    !hasGraph(node) && [...node.inputs, ...node.outputs].some((value) => value !== null && dtypes.includes(value.dtype))
  );
}

/** Trades time for memory: results of the forward pass are computed again where the backward pass needs them. */

import type { Graph, Node, Value } from "../graph/graph.ts";
import { converted } from "../ops/compute-type.ts";
import type { Builder } from "../ops/operator.ts";
import { createBuilder } from "../ops/registry.ts";
import { type DType, isFloat } from "../tensor/dtype.ts";

/** Options of {@link rematerialize}. */
export interface RematerializeOptions {
  /** How many of the graph's nodes, from the first, are the forward pass. */
  readonly forwardNodes: number;
  /**
   * The segment a forward node belongs to, by its name; `null` to keep its results. Only what flows from one segment to another (or is
   * `null`'s) stays in memory between the passes.
   */
  readonly segmentOf: (nodeName: string) => string | null;
}

/** A forward stretch that is computed twice. */
interface Segment {
  readonly nodes: Node[];
  readonly made: Set<Value>;
}

/**
 * Rewrites a graph of forward and backward nodes so that the backward pass computes a segment's inner results again just before it uses
 * them. With one segment per block, memory for activations falls from all blocks' to one block's plus what flows between blocks; a step
 * takes about a third longer.
 *
 * An engine is free to run the second computation early, to merge it with the first, or to put off the gradients of weights until the very
 * end (ONNX Runtime does), any of which would undo the saving. Each segment's inputs are therefore multiplied by a 1 that is computed
 * from the gradient that has just arrived and from the gradients of the weights of the segment before it.
 *
 * @param graph - Forward nodes, then backward nodes, as `gradients` leaves them.
 * @param options - See {@link RematerializeOptions}.
 * @returns A graph with the same results; the same object if nothing is to be recomputed.
 * @source Chen, Xu, Zhang and Guestrin, "Training Deep Nets with Sublinear Memory Cost", 2016, https://arxiv.org/abs/1604.06174, Algorithm 1.
 */
export function rematerialize(graph: Graph, options: RematerializeOptions): Graph {
  const forward = graph.nodes.slice(0, options.forwardNodes);
  const backward = graph.nodes.slice(options.forwardNodes);
  const segments = new Map<string, Segment>();
  const segmentOfValue = new Map<Value, string>();
  for (const node of forward) {
    const id = options.segmentOf(node.name);
    if (id === null) continue;
    const segment: Segment = segments.get(id) ?? { nodes: [], made: new Set() };
    segments.set(id, segment);
    segment.nodes.push(node);
    for (const output of node.outputs)
      if (output !== null) {
        segment.made.add(output);
        segmentOfValue.set(output, id);
      }
  }
  const kept = keptValues(graph, forward, segmentOfValue, options.segmentOf);
  if (
    !backward.some((node) =>
      node.inputs.some((value) => value !== null && segmentOfValue.has(value) && !kept.has(value)),
    )
  )
    return graph;

  const g = createBuilder(graph.name);
  g.reserve(graph.nodes.flatMap((node) => [...node.inputs, ...node.outputs].flatMap((value) => value?.name ?? [])));
  g.reserve(forward.flatMap((node) => node.outputs.flatMap((value) => (value === null ? [] : againName(value)))));
  for (const input of graph.inputs) g.adopt(input);
  for (const node of forward) g.add(node);
  const again = new Map<Value, Value>();
  const recomputed = new Set<string>();
  const arrived = new Set<Value>();
  const results = new Set(graph.outputs.map((output) => output.value));
  let latest: Value | null = null;
  let finished: Value[] = [];
  for (const node of backward) {
    for (const value of node.inputs) {
      if (value === null || kept.has(value)) continue;
      const id = segmentOfValue.get(value);
      if (id === undefined || recomputed.has(id)) continue;
      recomputed.add(id);
      const gradient =
        node.inputs.find((other) => other !== null && arrived.has(other) && isFloat(other.dtype)) ?? latest;
      const segment = segments.get(id) as Segment;
      recompute(
        g,
        segment,
        wantedOf(backward, segment, kept),
        kept,
        gradient === null ? finished : [gradient, ...finished],
        again,
      );
      finished = [];
    }
    g.add({ ...node, inputs: node.inputs.map((value) => (value === null ? null : (again.get(value) ?? value))) });
    for (const output of node.outputs)
      if (output !== null) {
        arrived.add(output);
        if (isFloat(output.dtype)) latest = output;
        if (results.has(output)) finished.push(output);
      }
  }
  for (const { name, value } of graph.outputs) g.output(name, again.get(value) ?? value);
  return g.build();
}

/** What a value is called where it is computed again. */
function againName({ name }: Value): string {
  return `again/${name}`;
}

/** Results that stay in memory: those that another segment, or no segment, reads in the forward pass, and outputs of the graph. */
function keptValues(
  graph: Graph,
  forward: readonly Node[],
  segmentOfValue: ReadonlyMap<Value, string>,
  segmentOf: RematerializeOptions["segmentOf"],
): Set<Value> {
  const kept = new Set<Value>(graph.outputs.map((output) => output.value));
  for (const node of forward) {
    const reader = segmentOf(node.name);
    for (const value of node.inputs)
      if (value !== null && segmentOfValue.has(value) && segmentOfValue.get(value) !== reader) kept.add(value);
  }
  return kept;
}

/** A segment's results that the backward pass reads and that are not kept. */
function wantedOf(backward: readonly Node[], segment: Segment, kept: ReadonlySet<Value>): Set<Value> {
  const wanted = new Set<Value>();
  for (const node of backward)
    for (const value of node.inputs)
      if (value !== null && segment.made.has(value) && !kept.has(value)) wanted.add(value);
  return wanted;
}

function recompute(
  g: Builder,
  segment: Segment,
  wanted: Set<Value>,
  kept: ReadonlySet<Value>,
  after: readonly Value[],
  again: Map<Value, Value>,
): void {
  const needed = new Set(wanted);
  const nodes: Node[] = [];
  for (const node of segment.nodes.toReversed()) {
    if (!node.outputs.some((output) => output !== null && needed.has(output))) continue;
    nodes.unshift(node);
    for (const value of node.inputs)
      if (value !== null && segment.made.has(value) && !kept.has(value)) needed.add(value);
  }
  const one = after.length === 0 ? null : g.scope("again", () => oneAfter(g, after));
  const ones = new Map<DType, Value>(one === null ? [] : [[one.dtype, one]]);
  const oneOf = (dtype: DType): Value => {
    const known = ones.get(dtype) ?? converted(g, one as Value, dtype);
    ones.set(dtype, known);
    return known;
  };
  const local = new Map<Value, Value>();
  const inputOf = (value: Value, made: boolean): Value => {
    let mapped = local.get(value);
    if (mapped !== undefined || !made || one === null || !isFloat(value.dtype)) return mapped ?? value;
    mapped = g.scope("again", () => g.op("Mul", [value, oneOf(value.dtype)]));
    local.set(value, mapped);
    return mapped;
  };
  const inputs = new Set(g.inputs);
  for (const node of nodes) {
    const mapped = node.inputs.map((value) =>
      value === null
        ? null
        : inputOf(
            value,
            value.constant === undefined && !inputs.has(value) && !(segment.made.has(value) && !kept.has(value)),
          ),
    );
    const outputs = node.outputs.map((output) => (output === null ? null : { ...output, name: againName(output) }));
    g.add({ ...node, name: `again/${node.name}`, inputs: mapped, outputs });
    for (const [i, output] of node.outputs.entries()) {
      if (output === null) continue;
      local.set(output, outputs[i] as Value);
      if (wanted.has(output)) again.set(output, outputs[i] as Value);
    }
  }
}

/** The scalar 1, which cannot be known before all of `values` are; in float16, where gradients arrive in it, it goes on in float32. */
function oneAfter(g: Builder, values: readonly Value[]): Value {
  const first = (values[0] as Value).dtype;
  const dtype = first === "float16" ? "float32" : first;
  const elements = values
    .filter((value) => value.dtype === dtype || value.dtype === first)
    .map((value) => {
      const flat = g.op("Reshape", [value, g.ints([-1])]);
      const element = g.op("Reshape", [g.op("Slice", [flat, g.ints([0]), g.ints([1]), g.ints([0])]), g.ints([])]);
      return element.dtype === dtype ? element : converted(g, element, dtype);
    });
  const sum = elements.reduce((total, element) => g.op("Add", [total, element]));
  return g.op("Add", [g.op("Mul", [sum, g.scalar(0, dtype)]), g.scalar(1, dtype)]);
}

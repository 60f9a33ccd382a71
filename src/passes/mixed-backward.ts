/** What mixed precision leaves to do when its graph has been differentiated. */

import type { Graph, Node, Value } from "../graph/graph.ts";
import { converted, narrowedBy, widenedBy } from "../ops/compute-type.ts";
import { createBuilder } from "../ops/registry.ts";

/**
 * Rewrites the backward part of a graph in mixed precision in three ways.
 *
 * Of a result of the forward pass that exists in float32 and in float16 only the second is kept for the backward pass, which converts it
 * back. What a softmax gives, for example, is read in float32 by its own gradient, and in float16 by the product behind it. The gradient is
 * then that of the rounded number, which is the one that the rest of the forward pass worked with.
 *
 * A gradient that goes from float32 to float16 and back, as one that is summed in float32 on its way to a parameter does, stays in float32: it would lose
 * digits, or overflow, for nothing.
 *
 * What gives a result, such as taking the scale out of a gradient, goes right behind what it reads: `rematerialize` goes by it.
 *
 * @param graph - Forward nodes of `mixedPrecision`, then backward nodes, as `gradients` leaves them.
 * @param forwardNodes - How many of the nodes, from the first, are the forward pass. They stay as they are.
 * @returns A graph with the same inputs and outputs; the same object if there is nothing to gain.
 */
export function mixedBackward(graph: Graph, forwardNodes: number): Graph {
  const forward = graph.nodes.slice(0, forwardNodes);
  const backward = resultsEarly(graph, graph.nodes.slice(forwardNodes));
  const made = new Set(forward.flatMap((node) => node.outputs));
  const kept = new Map<Value, Value>(); // float32 → float16
  for (const node of forward) {
    const source = narrowedBy(node);
    if (source !== undefined && made.has(source)) kept.set(source, node.outputs[0] as Value);
  }
  const rounded = new Map<Value, Value>(); // float16 → float32
  for (const node of backward) {
    const source = narrowedBy(node);
    if (source !== undefined) rounded.set(node.outputs[0] as Value, source);
  }
  if (kept.size === 0 && rounded.size === 0) return graph;

  const g = createBuilder(graph.name);
  g.reserve(graph.nodes.flatMap((node) => [...node.inputs, ...node.outputs].flatMap((value) => value?.name ?? [])));
  for (const input of graph.inputs) g.adopt(input);
  for (const node of forward) g.add(node);
  const replaced = new Map<Value, Value>();
  const at = (value: Value): Value => {
    const source = kept.get(value);
    if (source !== undefined && !replaced.has(value))
      replaced.set(
        value,
        g.scope("grad", () => converted(g, source, value.dtype)),
      );
    return replaced.get(value) ?? value;
  };
  for (const node of backward) {
    const source = rounded.get(widenedBy(node) as Value);
    if (source === undefined) g.add({ ...node, inputs: node.inputs.map((value) => value && at(value)) });
    else replaced.set(node.outputs[0] as Value, at(source));
  }
  for (const { name, value } of graph.outputs) g.output(name, made.has(value) ? value : (replaced.get(value) ?? value));
  return g.build();
}

/** The nodes in an order in which those that give outputs of the graph come as early as they can. */
function resultsEarly(graph: Graph, nodes: readonly Node[]): Node[] {
  const results = new Set(graph.outputs.map(({ value }) => value));
  const unmade = new Set(nodes.flatMap((node) => node.outputs));
  const waiting = new Set(
    nodes.filter((node) => node.outputs.some((output) => output !== null && results.has(output))),
  );
  const ordered: Node[] = [];
  const emit = (node: Node): void => {
    ordered.push(node);
    waiting.delete(node);
    for (const output of node.outputs) unmade.delete(output);
  };
  for (const node of nodes) {
    if (!waiting.has(node) && node.outputs.some((output) => results.has(output as Value))) continue;
    emit(node);
    for (const late of [...waiting]) if (late.inputs.every((input) => input === null || !unmade.has(input))) emit(late);
  }
  return ordered;
}

/** Tells when an output of a graph may be written over one of its inputs. */

import type { Graph, Node, Value } from "../graph/graph.ts";
import { sameShape, sizeOf } from "../tensor/shape.ts";

/**
 * True if the engine can write output `output` into the memory of input `input` whatever order of nodes it chooses: every other
 * reader of the input must come before the writer by data dependency. (The writer itself must be elementwise in that
 * input, which holds for the last `Add` of an update.)
 *
 * @param graph - The graph as it is loaded.
 * @param input - Name of an input.
 * @param output - Name of an output.
 */
export function mayWriteInPlace(graph: Graph, input: string, output: string): boolean {
  const source = graph.inputs.find((value) => value.name === input);
  const target = graph.outputs.find((entry) => entry.name === output)?.value;
  if (source === undefined || target === undefined || !sameShape(source.shape, target.shape)) return false;
  const producers = new Map<Value, Node>();
  for (const node of graph.nodes) for (const value of node.outputs) if (value !== null) producers.set(value, node);
  const writer = producers.get(target);
  if (writer === undefined) return false;
  const before = new Set<Node>();
  const stack: Node[] = [writer];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (before.has(node)) continue;
    before.add(node);
    for (const value of node.inputs) {
      const producer = value === null ? undefined : producers.get(value);
      if (producer !== undefined) stack.push(producer);
    }
  }
  const views = viewsOf(source, graph);
  const reads = (node: Node) => node.inputs.some((value) => value !== null && views.has(value));
  return (
    graph.nodes.every((node) => !reads(node) || before.has(node)) &&
    !graph.outputs.some(({ value }) => views.has(value))
  );
}

/**
 * The value, and all that may lie in its memory: engines do not copy for an operator that only changes the shape. (What keeps
 * the shape too, such as Identity, the passes have removed.)
 */
function viewsOf(source: Value, graph: Graph): Set<Value> {
  const views = new Set([source]);
  const mayShare = ({ shape }: Value) => sizeOf(shape) === sizeOf(source.shape) && !sameShape(shape, source.shape);
  for (const node of graph.nodes) {
    if (!node.inputs.some((value) => value !== null && views.has(value))) continue;
    for (const output of node.outputs) if (output !== null && mayShare(output)) views.add(output);
  }
  return views;
}

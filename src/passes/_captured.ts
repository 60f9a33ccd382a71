/** What subgraphs read of the graphs around them. */

import type { Graph, Node, Value } from "../graph/graph.ts";

/** Values that the node's subgraphs use and do not make: edges that `node.inputs` does not show. */
export function capturedBy(node: Node): Value[] {
  return Object.values(node.attributes).flatMap((attribute) =>
    attribute.kind === "graph" ? readFromOutside(attribute.value) : [],
  );
}

/** Values of `graph` that some subgraph inside it uses: passes leave these alone, for they do not rewrite subgraphs. */
export function capturedIn(graph: Graph): ReadonlySet<Value> {
  return new Set(graph.nodes.flatMap(capturedBy));
}

function readFromOutside(graph: Graph): Value[] {
  const made = new Set<Value>(graph.inputs);
  for (const node of graph.nodes) for (const output of node.outputs) if (output !== null) made.add(output);
  const read = graph.nodes.flatMap((node) => [...node.inputs.filter((input) => input !== null), ...capturedBy(node)]);
  return [...read, ...graph.outputs.map((output) => output.value)].filter((value) => !made.has(value));
}

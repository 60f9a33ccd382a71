/** A model in mixed precision. */

import type { Value } from "../graph/graph.ts";
import { createBuilder } from "../ops/registry.ts";
import { removeDeadCode } from "../passes/dead-code.ts";
import { mixedPrecision } from "../passes/mixed-precision.ts";
import type { BuiltModel } from "./step-graph.ts";

/**
 * A model that was built in float32, in mixed precision and in a builder of its own.
 *
 * @param built - Fresh from the model: its builder has no outputs and nothing else in it.
 */
export function mixedModel({ g: single, parameters, values, loss, updates }: BuiltModel): BuiltModel {
  single.output("loss", loss);
  for (const [i, value] of [...updates.values()].entries()) single.output(`update ${i}`, value);
  const graph = mixedPrecision(single.build(), new Set(parameters.keys()));
  const g = createBuilder(graph.name);
  // Constants are not claimed by the nodes that read them.
  g.reserve(graph.nodes.flatMap((node) => node.inputs.flatMap((value) => value?.name ?? [])));
  for (const input of graph.inputs) g.adopt(input);
  for (const node of graph.nodes) g.add(node);
  const [mixedLoss, ...mixedUpdates] = graph.outputs;
  return {
    g,
    parameters,
    values,
    loss: mixedLoss?.value as Value,
    updates: new Map([...updates.keys()].map((path, i) => [path, mixedUpdates[i]?.value as Value])),
    lossAt: (changed) => {
      const alone = removeDeadCode({ ...graph, outputs: graph.outputs.slice(0, 1) });
      const inputs = graph.inputs.map((input) => changed.get(input.name) ?? input);
      return g.inline(alone, inputs)[0] as Value;
    },
  };
}

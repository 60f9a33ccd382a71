/** Scans written out step by step, for targets that have no loops. */

import type { Value } from "../graph/graph.ts";
import { reshape } from "./_gradient.ts";
import type { ScanAttributes } from "./control.ts";
import type { Builder } from "./operator.ts";
import type { Rule } from "./rule.ts";

/** Most nodes that a Scan may become: each is a dispatch of its own, and takes its time to load. */
const mostNodes = 20_000;

/** Step `t` of a scanned input, [T, …] → […]. */
function at(g: Builder, value: Value, t: number): Value {
  return reshape(g, g.op("Gather", [value, g.ints([t])], { axis: 0 }), value.shape.slice(1));
}

function stacked(g: Builder, steps: readonly Value[]): Value {
  const rows = steps.map((step) => reshape(g, step, [1, ...step.shape]));
  return rows.length === 1 ? (rows[0] as Value) : g.op("Concat", rows, { axis: 0 });
}

/** A Scan as a copy of its body for every step. */
export const unrollScan: Rule = ({ g, inputs, attributes }) => {
  const { body, num_scan_inputs: scanned, ...directions } = attributes as unknown as ScanAttributes;
  const states = body.inputs.length - scanned - (body.captured ?? 0);
  const over = inputs.slice(states, states + scanned) as Value[];
  const captured = inputs.slice(states + scanned) as Value[];
  const length = over[0]?.shape[0] as number;
  if (length === 0 || length * body.nodes.length > mostNodes) return undefined;
  const isBackwards = (list: readonly number[] | null, i: number): boolean => list?.[i] === 1;
  let state = inputs.slice(0, states) as Value[];
  const outputs: Value[][] = body.outputs.slice(states).map(() => []);
  for (let step = 0; step < length; step++) {
    const slices = over.map((value, i) =>
      at(g, value, isBackwards(directions.scan_input_directions, i) ? length - 1 - step : step),
    );
    const results = g.inline(body, [...state, ...slices, ...captured]);
    state = results.slice(0, states);
    for (const [i, result] of results.slice(states).entries()) outputs[i]?.push(result);
  }
  return [
    ...state,
    ...outputs.map((steps, i) =>
      stacked(g, isBackwards(directions.scan_output_directions, i) ? steps.toReversed() : steps),
    ),
  ];
};

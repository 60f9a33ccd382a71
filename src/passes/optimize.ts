/** The passes every graph goes through before a target loads it. */

import type { Graph, Target } from "../graph/graph.ts";
import type { Rules } from "../ops/rule.ts";
import { algebra } from "../ops/rules-algebra.ts";
import { cpuLowering } from "../ops/rules-cpu.ts";
import { mergeCommonSubexpressions } from "./common-subexpressions.ts";
import { removeDeadCode } from "./dead-code.ts";
import { rewrite } from "./rewrite.ts";

/** Lowering rules by target; targets without rules take standard ONNX as it is. */
const lowering: Readonly<Record<Target, Rules>> = { cpu: cpuLowering, webgpu: {}, wasm: {}, cuda: {} };

/**
 * Simplifies a graph and writes it the way a target runs fastest.
 *
 * @param graph - Any graph.
 * @param target - Where it will run.
 * @returns An equivalent graph: same inputs, outputs and results up to rounding.
 */
export function optimize(graph: Graph, target: Target): Graph {
  const simplified = mergeCommonSubexpressions(rewrite(removeDeadCode(graph), algebra));
  return removeDeadCode(mergeCommonSubexpressions(rewrite(simplified, lowering[target])));
}

/** Small language models with weights large enough that tokens matter. */

import type { Graph } from "../../src/graph/graph.ts";
import { flattenParameters } from "../../src/nn/layer.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { type GptModel, gpt } from "../../src/text/gpt.ts";
import { evaluationGraph } from "../../src/train/step-graph.ts";
import { randomTensor } from "./compare-graphs.ts";

/** A GPT of two blocks. */
export function smallGpt(options: Partial<Parameters<typeof gpt>[0]> = {}): GptModel {
  return gpt({ layers: 2, heads: 2, width: 8, context: 8, vocabulary: 13, ...options });
}

/** Random weights in [-1, 1) by parameter path. */
export function randomWeights(model: GptModel, seed = 0): Map<string, Tensor> {
  return new Map(
    [...flattenParameters(model.parameters)].map(([path, { dtype, shape }]) => [
      path,
      randomTensor({ name: path, dtype, shape }, seed),
    ]),
  );
}

/** The graph with which training evaluates, cut off at the logits [context·batch, vocabulary], position by position. */
export function trainingLogitsGraph(model: GptModel, batchSize: number): Graph {
  const graph = evaluationGraph(model, batchSize);
  const head = graph.nodes.findLast(({ op }) => op === "Gemm");
  if (head?.outputs[0] == null) throw new Error("the model's head is not a Gemm any more");
  return {
    ...graph,
    outputs: [{ name: "logits", value: head.outputs[0] }],
    nodes: graph.nodes.slice(0, graph.nodes.indexOf(head) + 1),
  };
}

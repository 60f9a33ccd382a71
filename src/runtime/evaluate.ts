/** Runs a graph on plain tensors: for tests, tools and one-off computations. Training uses plans over fixed memory. */

import { explain, GraphError } from "../base/errors.ts";
import type { Graph } from "../graph/graph.ts";
import { writeOnnx } from "../graph/onnx/export.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { createCpuRuntime } from "./cpu.ts";
import type { LoadOptions, Runtime } from "./runtime.ts";

/** A graph that is loaded and can be run many times. */
export interface CompiledGraph extends AsyncDisposable {
  /** Runs it. Throws GraphError if a feed is missing or does not fit. */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
}

/**
 * ONNX Runtime 1.30 turns MatMul(Transpose(A), v) with a 1-D v into a FusedMatMul that forgets to transpose: wrong numbers
 * and no error. Graphs that come here have not been lowered, so the fusion stays off.
 */
const faultyOptimizers = { "optimization.disable_specified_optimizers": "MatmulTransposeFusion" };

let shared: Promise<Runtime> | undefined;

/** The runtime that {@link evaluate} uses when it is given none: started on first use, gone with the process. */
export function sharedCpuRuntime(): Promise<Runtime> {
  shared ??= createCpuRuntime();
  return shared;
}

/**
 * Loads a graph so that it can be run on plain tensors.
 *
 * @param graph - What to run.
 * @param runtime - Where; the process's shared CPU runtime when absent.
 * @param options - How the engine loads it.
 */
export async function compile(graph: Graph, runtime?: Runtime, options: LoadOptions = {}): Promise<CompiledGraph> {
  const engine = runtime ?? (await sharedCpuRuntime());
  const config = { ...faultyOptimizers, ...options.config };
  const executable = await engine.load(writeOnnx(graph), { name: graph.name, ...options, config });
  const outputs = graph.outputs.map((output) => output.name);
  return {
    run: (feeds) => {
      for (const input of graph.inputs) {
        const feed = feeds[input.name];
        if (feed === undefined || feed.dtype !== input.dtype || !sameShape(feed.shape, input.shape))
          throw new GraphError(
            explain({
              api: "graph.run",
              action: `bind input "${input.name}"`,
              received: feed === undefined ? "got nothing" : `got ${feed.dtype} ${formatShape(feed.shape)}`,
              rule: `the model declares ${input.dtype} ${formatShape(input.shape)}`,
            }),
          );
      }
      const wanted = Object.fromEntries(graph.inputs.map((input) => [input.name, feeds[input.name] as Tensor]));
      return executable.call(wanted, outputs);
    },
    [Symbol.asyncDispose]: () => executable[Symbol.asyncDispose](),
  };
}

/**
 * Runs a graph once on ONNX Runtime, as it is. Large graphs with gradients of lookups go through `optimize` first: the engine
 * loses updates of a large `ScatterND` that adds (1.30), which `optimize` writes another way.
 *
 * @param graph - What to run.
 * @param feeds - A tensor for each input, by name.
 * @param runtime - Where; the process's shared CPU runtime when absent.
 * @returns A tensor for each output, by name.
 * @throws GraphError if a feed is missing or does not fit; RuntimeError if the engine refuses the graph.
 */
export async function evaluate(
  graph: Graph,
  feeds: Readonly<Record<string, Tensor>>,
  runtime?: Runtime,
): Promise<Record<string, Tensor>> {
  await using compiled = await compile(graph, runtime);
  return await compiled.run(feeds);
}

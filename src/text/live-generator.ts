/** A language model that can write while it is trained. */

import { writeOnnx } from "../graph/onnx/export.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { TypedArray } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { StateTensor } from "../train/memory.ts";
import type { StepProgram } from "../train/step-program.ts";
import { decoderGraph } from "./decoder-graph.ts";
import { type DecoderCall, type DecoderSizes, generateTokens } from "./generate.ts";
import type { GptModel } from "./gpt.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";

/** A model that can write: how to run it, its sizes, its tokenizer. */
export interface Generator extends AsyncDisposable {
  /** Takes the weights as they are now and returns what runs the model with them: once for each text, not for each token. */
  start(): Promise<DecoderCall>;
  readonly sizes: DecoderSizes;
  readonly tokenizer: Tokenizer;
}

/** Tensors by parameter path. */
export type Weights = ReadonlyMap<string, Tensor>;

/**
 * A generator over a model whose weights change, such as one in training. It runs on the host's processor, also where the model trains on
 * another device: its shapes grow with every token.
 *
 * @param runtime - Where to run.
 * @param model - The model.
 * @param weights - The weights as they are when a text begins, such as `() => liveWeights(program)`.
 * @param tokenizer - Of the model.
 */
export async function liveGenerator(
  runtime: Runtime,
  model: GptModel,
  weights: () => Weights | Promise<Weights>,
  tokenizer: Tokenizer,
): Promise<Generator> {
  const { graph, dynamicShapes } = decoderGraph(model, null);
  const executable = await runtime.load(writeOnnx(graph, { dynamicShapes }), { name: graph.name, onHost: true });
  return {
    start: async () => {
      const fixed = Object.fromEntries(await weights());
      return (inputs, outputs) => executable.call({ ...inputs, ...fixed }, outputs);
    },
    sizes: model.config,
    tokenizer,
    [Symbol.asyncDispose]: () => executable[Symbol.asyncDispose](),
  };
}

/**
 * Parameters of a program as tensors: over its live memory where the host can see it, else as they are now.
 *
 * @param program - A step program, between steps.
 */
export async function liveWeights(program: Pick<StepProgram, "parameters">): Promise<Map<string, Tensor>> {
  const tensorOf = async ([path, { shape, view }]: [string, StateTensor]): Promise<[string, Tensor]> => {
    const { buffer, offset } = view;
    const end = offset + sizeOf(shape);
    const data: TypedArray = buffer.host?.subarray(offset, end) ?? (await buffer.read(offset, end));
    return [path, { dtype: buffer.dtype, shape, data }];
  };
  return new Map(await Promise.all([...program.parameters].map(tensorOf)));
}

/**
 * Continues a prompt, piece by piece.
 *
 * @param generator - The model and its tokenizer.
 * @param prompt - Text to continue. A prompt that the tokenizer cannot encode (a character it has never seen) counts as empty.
 * @param options - See `generateTokens`.
 * @returns What the model writes, without the prompt; a piece may be empty.
 */
export async function* streamText(
  generator: Generator,
  prompt: string,
  options: Parameters<typeof generateTokens>[3],
): AsyncGenerator<string, void, undefined> {
  let ids: number[];
  try {
    ids = [...generator.tokenizer.encode(prompt)];
  } catch {
    ids = [];
  }
  const decoder = generator.tokenizer.decodeStream();
  const call = await generator.start();
  for await (const id of generateTokens(call, generator.sizes, ids.length === 0 ? [0] : ids, options))
    yield decoder.push(id);
  yield decoder.end();
}

/**
 * Continues a prompt.
 *
 * @param generator - The model and its tokenizer.
 * @param prompt - As for {@link streamText}.
 * @param options - See `generateTokens`.
 * @returns What the model wrote, without the prompt.
 */
export async function continueText(
  generator: Generator,
  prompt: string,
  options: Parameters<typeof generateTokens>[3],
): Promise<string> {
  return (await Array.fromAsync(streamText(generator, prompt, options))).join("");
}
